using Rag.Engine.Mutations;
using Rag.Engine.Storage;

namespace Rag.Engine.Slices;

/// <summary>
/// Applies records to one slice: total (what does not fit is a no-op that is told) and deterministic (nothing but the
/// record and the slice decides). Use: <see cref="Apply"/> for each record of a batch, then <see cref="Publish"/>,
/// which shows all of it at once. Under the slice's lock.
/// </summary>
internal sealed class SliceWriter(Slice slice, ChunkContents contents, ApplyLimits limits) : IDisposable
{
    // Rows taken apart with a write beyond twice those it brought: some milliseconds. What a snapshot has held back,
    // thousands of rows under a steady load, is worked off over many writes and not in bursts that searches feel.
    private const int MinReclaimed = 16;

    private readonly RowWriter _rows = new(slice, contents, limits.BuildThreads);

    /// <summary>Applies one record; returns what it came to, also for a repeated id.</summary>
    /// <exception cref="InvalidDataException">The payload is malformed: the slice is to be quarantined.</exception>
    public MutationOutcome Apply(in DurableRecord record, WriteStamp origin = default)
    {
        var reader = new PayloadReader(record.Payload.Span);
        var header = PayloadHeader.Read(ref reader);
        if (slice.Recent.Find(record.MutationId) is { } known)
            return known;
        if (slice.Recent.IsTooOld(record.MutationId, header.AcceptedUnixMs))
            return MutationOutcome.Refused(OutcomeKind.TooOld);
        var stamp = PackedStamp.Pack(origin.IsNone ? new WriteStamp(record.Epoch, record.Sequence) : origin);
        var body = new RecordBody(
            record.Payload.Span, stamp, header.AcceptedUnixMs, !origin.IsNone, limits.KeepsTombstones);
        var outcome = (MutationKind)record.Kind switch
        {
            MutationKind.Settings => SettingsWriter.Apply(slice, SettingsCodec.Read(ref reader), stamp),
            MutationKind.Upsert => UpsertApplier.Apply(_rows, body, refines: false, ref reader),
            MutationKind.Refine => UpsertApplier.Apply(_rows, body, refines: true, ref reader),
            MutationKind.Delete => DeleteApplier.Apply(_rows, body, ref reader),
            MutationKind.Stage => GenerationApplier.Stage(_rows, body, ref reader),
            MutationKind.Commit => GenerationApplier.Commit(_rows, body, ref reader, limits.StagedLifetime),
            MutationKind.Abort => GenerationApplier.Abort(_rows, body, ref reader),
            _ => throw PayloadReader.Malformed($"there is no mutation kind {record.Kind}"),
        };
        reader.ExpectEnd();
        slice.Recent.Add(record.MutationId, header.AcceptedUnixMs, outcome);
        return outcome;
    }

    /// <summary>Puts new vectors and texts into the indexes and shows everything applied since the last call.</summary>
    public void Publish(ulong stamp)
    {
        _rows.Flush();
        slice.Order.Publish(slice, _rows.Born, _rows.At, stamp);
        // As many dead rows are taken apart as new ones came, and some more: a large delete does not hold up the log,
        // and the rest is left to maintenance.
        var reclaimed = MinReclaimed + 2 * _rows.Born.Length;
        _rows.BeginNext();
        slice.Graveyard.Seal();
        slice.Graveyard.ReleaseReplacedRows();
        slice.Graveyard.Reclaim(reclaimed);
    }

    public void Dispose() => _rows.Dispose();
}

/// <summary>What bounds the applying of records.</summary>
/// <param name="BuildThreads">Threads that one slice's index may use.</param>
/// <param name="StagedLifetime">Age at which a staged generation can no longer be committed.</param>
/// <param name="KeepsTombstones">Whether others hold replicas, which may bring what was deleted here.</param>
internal sealed record ApplyLimits(int BuildThreads, TimeSpan StagedLifetime, bool KeepsTombstones);

/// <summary>A record's payload with its place in the order.</summary>
internal readonly ref struct RecordBody(
    ReadOnlySpan<byte> payload, ulong stamp, long acceptedMs, bool isLate, bool keepsTombstones)
{
    public ReadOnlySpan<byte> Payload { get; } = payload;

    /// <summary>Position of the record, packed; of one that comes late the place that it had.</summary>
    public ulong Stamp { get; } = stamp;

    /// <summary>Whether it comes later than its place, and changes only what has no higher version.</summary>
    public bool IsLate { get; } = isLate;

    public bool KeepsTombstones { get; } = keepsTombstones;

    public long AcceptedMs { get; } = acceptedMs;
}
