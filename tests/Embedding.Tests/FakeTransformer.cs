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

    public int Dimension => 4;

    public string Provider => "fake";

    public List<(int Rows, int Length, int[] Lengths)> Batches { get; } = [];

    public Func<PaddedBatch, Exception?> Fault { get; set; } = _ => null;

    public bool IsDisposed { get; private set; }

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

    public void Run(PaddedBatch batch, Span<float> vectors)
    {
        lock (Batches)
        {
            Batches.Add((batch.Rows, batch.Length, [.. Enumerable.Range(0, batch.Rows).Select(batch.TokensOf)]));
        }

        _entered.Release();
        _open.Wait(TimeSpan.FromSeconds(20)).ShouldBeTrue("the test never released its batch");
        if (Fault(batch) is { } error)
            throw error;
        for (var row = 0; row < batch.Rows; row++)
        {
            var ids = batch.Ids.Span.Slice(row * batch.Length, batch.TokensOf(row)).ToArray().Select(id => (int)id);
            VectorOf(ids).CopyTo(vectors[(row * Dimension)..]);
        }
    }

    public void Dispose() => IsDisposed = true;
}
