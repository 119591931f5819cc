namespace Rag.Engine.Storage;

/// <summary>
/// What the log hands its durable records to. All calls come from one loop, one at a time, in log order.
/// </summary>
internal interface IMutationSink
{
    /// <summary>
    /// Applies records that are on disk. Must not throw for reasons that lie in the data; if it throws all the same,
    /// the log takes no more appends, because memory and disk no longer agree. The list and the payloads are valid
    /// until it returns.
    /// </summary>
    void Apply(IReadOnlyList<DurableRecord> batch);

    /// <summary>
    /// Records of this workspace are lost or damaged. Called before any record that follows the damage is applied; the
    /// log hands out none of this workspace's from then on. Only during a replay.
    /// </summary>
    void Quarantine(Guid workspaceUid, string reason);

    /// <summary>
    /// Records are lost and nothing that is left tells whose they were (both copies of a commit's list are damaged).
    /// Every workspace may have lost some, except <paramref name="unharmed"/>. Only at the end of a replay.
    /// </summary>
    void QuarantineAllExcept(IReadOnlySet<Guid> unharmed, string reason);
}
