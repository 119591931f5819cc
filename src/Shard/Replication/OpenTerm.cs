namespace Rag.Shard.Replication;

/// <summary>A time in which a partition takes writes, in one epoch and without a break of the shared log.</summary>
internal sealed class OpenTerm(uint epoch)
{
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public uint Epoch => epoch;

    public Task Ended => _ended.Task;

    public void End() => _ended.TrySetResult();
}
