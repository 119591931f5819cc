namespace Rag.Engine.Hnsw;

/// <summary>
/// Spin locks for edge lists while several threads link rows, striped by row; held for microseconds. Readers never
/// look at them.
/// </summary>
internal sealed class EdgeLocks
{
    private const int Stripes = 4096;

    private readonly int[] _taken = new int[Stripes];

    public void Enter(int row)
    {
        var wait = new SpinWait();
        while (Interlocked.CompareExchange(ref _taken[row & (Stripes - 1)], 1, 0) != 0)
            wait.SpinOnce(sleep1Threshold: -1);
    }

    public void Exit(int row) => Volatile.Write(ref _taken[row & (Stripes - 1)], 0);
}
