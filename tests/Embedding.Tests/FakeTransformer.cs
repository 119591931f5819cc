using Rag.Embedding.Full;

namespace Rag.Embedding.Tests;

/// <summary>
/// A transformer whose vector of a text is made of its ids, so that a row that went astray shows. It can be held, made
/// to fail, and remembers its batches.
/// </summary>
internal sealed class FakeTransformer : ITransformer
{
    private readonly ManualResetEventSlim _open = new(true);
    private readonly SemaphoreSlim _entered = new(0);
    private int _disposedRuns;

    public int Dimension => 4;

    public string Provider => "fake";

    public List<(int Rows, int Length, int[] Lengths)> Batches { get; } = [];

    public Func<PaddedBatch, Exception?> Fault { get; set; } = _ => null;

    public bool IsDisposed { get; private set; }

    /// <summary>Runs that were told to stop.</summary>
    public int Stopped { get; private set; }

    /// <summary>Runs that are over.</summary>
    public int DisposedRuns => Volatile.Read(ref _disposedRuns);

    /// <summary>Lets no batch finish until <see cref="Release"/>.</summary>
    public void Hold() => _open.Reset();

    public void Release() => _open.Set();

    /// <summary>Waits until a batch has begun.</summary>
    public async Task EnteredAsync() =>
        (await _entered.WaitAsync(TimeSpan.FromSeconds(20))).ShouldBeTrue("no batch began");

    /// <summary>What the vector of these ids must be.</summary>
    public static float[] VectorOf(IEnumerable<int> ids)
    {
        var array = ids.ToArray();
        return [array.Length, array.Sum(), array.Length > 2 ? array[1] : -1, array[^1]];
    }

    public ITransformerRun Prepare(PaddedBatch batch) => new BatchRun(this, batch);

    public void Dispose() => IsDisposed = true;

    private void Compute(PaddedBatch batch)
    {
        lock (Batches)
        {
            Batches.Add((batch.Rows, batch.Length, [.. Enumerable.Range(0, batch.Rows).Select(batch.TokensOf)]));
        }

        _entered.Release();
        _open.Wait(TimeSpan.FromSeconds(20)).ShouldBeTrue("the test never released its batch");
        if (Fault(batch) is { } error)
            throw error;
    }

    private void Read(PaddedBatch batch, Span<float> vectors)
    {
        for (var row = 0; row < batch.Rows; row++)
        {
            var ids = batch.Ids.Span.Slice(row * batch.Length, batch.TokensOf(row)).ToArray().Select(id => (int)id);
            VectorOf(ids).CopyTo(vectors[(row * Dimension)..]);
        }
    }

    private sealed class BatchRun(FakeTransformer owner, PaddedBatch batch) : ITransformerRun
    {
        public void Compute() => owner.Compute(batch);

        public void Stop() => owner.Stopped++;

        public void Read(Span<float> vectors) => owner.Read(batch, vectors);

        public void Dispose() => Interlocked.Increment(ref owner._disposedRuns);
    }
}
