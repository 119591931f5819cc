using Rag.Engine.Storage;

namespace Rag.Engine.Tests.Storage;

/// <summary>Keeps what a mutation log hands out.</summary>
internal sealed class RecordingSink : IMutationSink
{
    private readonly Lock _lock = new();

    public List<DurableRecord> Records { get; } = [];

    public Dictionary<Guid, string> Quarantined { get; } = [];

    public IReadOnlySet<Guid>? Unharmed { get; private set; }

    public Action<IReadOnlyList<DurableRecord>>? OnApply { get; set; }

    public void Apply(IReadOnlyList<DurableRecord> batch)
    {
        OnApply?.Invoke(batch);
        lock (_lock)
            Records.AddRange(batch.Select(record => record with { Payload = record.Payload.ToArray() }));
    }

    public void Quarantine(Guid workspaceUid, string reason) => Quarantined.Add(workspaceUid, reason);

    public void QuarantineAllExcept(IReadOnlySet<Guid> unharmed, string reason) => Unharmed = unharmed;

    /// <summary>A copy of the records, while more may come.</summary>
    public List<DurableRecord> Snapshot()
    {
        lock (_lock)
            return [.. Records];
    }

    /// <summary>Mutation ids of a workspace's records, in order.</summary>
    public List<Guid> IdsOf(Guid workspaceUid) =>
        [.. Records.Where(record => record.Slice.WorkspaceUid == workspaceUid).Select(record => record.MutationId)];
}
