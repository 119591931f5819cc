namespace Rag.Shard.Replicas;

/// <summary>Work on one partition that can be given up. Its work never fails.</summary>
internal sealed class PartitionTask : IDisposable
{
    private readonly CancellationTokenSource _stop;

    private PartitionTask(bool joins, CancellationTokenSource stop)
    {
        Joins = joins;
        _stop = stop;
    }

    /// <summary>Whether it makes a replica; else it drops one.</summary>
    public bool Joins { get; }

    public Task Work { get; private set; } = Task.CompletedTask;

    public static PartitionTask Start(bool joins, Func<CancellationToken, Task> work, CancellationToken stopping)
    {
        var stop = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        var task = new PartitionTask(joins, stop);
        task.Work = Task.Run(() => work(stop.Token), CancellationToken.None);
        return task;
    }

    public void Stop() => _stop.Cancel();

    public void Dispose() => _stop.Dispose();
}
