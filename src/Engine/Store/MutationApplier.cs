using System.Collections.Concurrent;
using Rag.Engine.Mutations;
using Rag.Engine.Slices;
using Rag.Engine.Storage;

namespace Rag.Engine;

/// <summary>
/// Applies what the mutation log delivers. Records of different slices in a batch are applied side by side, those of a
/// slice in order; each slice shows the whole batch at once. Called from the log's delivery loop only.
/// </summary>
internal sealed class MutationApplier(StoreContext context, SliceCatalog catalog, PartitionProgress progress)
    : IMutationSink
{
    private readonly ConcurrentDictionary<(int Partition, ulong Sequence), MutationOutcome> _outcomes = new();
    private readonly ApplyLimits _aloneLimits = new(
        context.Options.ApplyThreads, context.Options.StagedLifetime, context.Options.IsReplica);
    private readonly ApplyLimits _besideLimits = new(
        1, context.Options.StagedLifetime, context.Options.IsReplica);
    private readonly Dictionary<SliceId, List<int>> _groups = [];
    private VoidRange[] _voids = [];
    private volatile bool _isLive;
    private long _position;

    /// <summary>Outcomes of mutations that an order hands back.</summary>
    public ExpectedOutcomes Expected { get; } = new();

    /// <summary>Told after each batch; set once, before the first.</summary>
    public Action Applied { get; set; } = static () => { };

    /// <summary>Log position of the last batch; everything before it is applied.</summary>
    public long Position => Interlocked.Read(ref _position);

    /// <summary>From now on callers wait for outcomes; a replay has none.</summary>
    public void GoLive() => _isLive = true;

    /// <summary>Takes the outcome of a record whose append has ended.</summary>
    public MutationOutcome Take(int partition, ulong sequence) =>
        _outcomes.TryRemove((partition, sequence), out var outcome)
            ? outcome
            : throw new InvalidOperationException($"Record {sequence} of partition {partition} has no outcome.");

    /// <summary>Workspaces that a former run has quarantined.</summary>
    public void KeepQuarantined(IEnumerable<KeyValuePair<Guid, string>> workspaces)
    {
        foreach (var (uid, reason) in workspaces)
            catalog.QuarantineWorkspace(uid, reason, persist: false);
    }

    /// <summary>Records that a replica took back; before a replay.</summary>
    public void KeepVoid(VoidRange[] ranges) => _voids = ranges;

    /// <summary>Takes records back from now on.</summary>
    public void Void(VoidRange range) => Volatile.Write(ref _voids, [.. _voids, range]);

    /// <summary>Whether a replica took the record back.</summary>
    public bool IsVoid(in DurableRecord record)
    {
        foreach (var range in Volatile.Read(ref _voids))
        {
            if (range.Contains(record))
                return true;
        }

        return false;
    }

    /// <summary>Applies records of one slice anew that are in the log already. Under the entry's monitor, which the
    /// caller has reset.</summary>
    public void ApplyAgain(SliceId id, IReadOnlyList<DurableRecord> records) =>
        ApplyToSlice(id, records, [.. Enumerable.Range(0, records.Count)], _besideLimits);

    public void Apply(IReadOnlyList<DurableRecord> batch)
    {
        // Not under any monitor: making room may wait for a snapshot of a slice.
        catalog.MakeRoom(0, CancellationToken.None).GetAwaiter().GetResult();
        for (var i = 0; i < batch.Count; i++)
        {
            if (IsVoid(batch[i]))
                continue;
            ref var group = ref System.Runtime.InteropServices.CollectionsMarshal.GetValueRefOrAddDefault(
                _groups, batch[i].Slice, out _);
            (group ??= []).Add(i);
        }

        if (_groups.Count == 1 || context.Options.ApplyThreads == 1)
        {
            foreach (var (id, records) in _groups)
                ApplyToSlice(id, batch, records, _aloneLimits);
        }
        else
        {
            var parallel = new ParallelOptions { MaxDegreeOfParallelism = context.Options.ApplyThreads };
            Parallel.ForEach(_groups, parallel, group => ApplyToSlice(group.Key, batch, group.Value, _besideLimits));
        }

        _groups.Clear();
        foreach (var record in batch.Where(record => !IsVoid(record)))
            progress.Advance(record.Slice.Partition, new WriteStamp(record.Epoch, record.Sequence));
        if (batch.Count > 0)
            Interlocked.Exchange(ref _position, batch[^1].Position);
        Applied();
    }

    public void Quarantine(Guid workspaceUid, string reason) =>
        catalog.QuarantineWorkspace(workspaceUid, reason, persist: true);

    public void QuarantineAllExcept(IReadOnlySet<Guid> unharmed, string reason)
    {
        foreach (var uid in catalog.Entries.Select(entry => entry.Id.WorkspaceUid).Where(uid => !unharmed.Contains(uid))
            .ToHashSet())
            catalog.QuarantineWorkspace(uid, reason, persist: true);
    }

    private void ApplyToSlice(SliceId id, IReadOnlyList<DurableRecord> batch, List<int> records, ApplyLimits limits)
    {
        var first = batch[records[0]];
        var entry = catalog.Find(id);
        if (entry is null)
        {
            // Only settings make a slice; what else comes for one that is not there is told so.
            if (!records.Any(i => batch[i].Kind == (byte)MutationKind.Settings))
            {
                Refuse(batch, records, OutcomeKind.NoWorkspace);
                return;
            }

            entry = catalog.GetOrAdd(id);
        }

        lock (entry)
        {
            if (entry is { Stamp: 0, QuarantineReason: null, IsDeleted: false })
                entry.QuarantineReason = catalog.FindQuarantined(id.WorkspaceUid);
            using var session = new ApplySession(context, catalog, entry, limits);
            foreach (var i in records)
                Note(batch[i], session.Apply(batch[i]));
            session.Publish();
            if (entry is { Stamp: 0, QuarantineReason: null })
                catalog.Forget(entry);
        }
    }

    private void Refuse(IReadOnlyList<DurableRecord> batch, List<int> records, OutcomeKind kind)
    {
        foreach (var i in records)
            Note(batch[i], MutationOutcome.Refused(kind));
    }

    private void Note(in DurableRecord record, MutationOutcome outcome)
    {
        if (context.Options.IsReplica)
            Expected.Note(record.Slice, record.MutationId, outcome);
        else if (_isLive)
            _outcomes[(record.Slice.Partition, record.Sequence)] = outcome;
    }
}
