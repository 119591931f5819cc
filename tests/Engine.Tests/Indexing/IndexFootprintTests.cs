using Rag.Engine.Indexing;

namespace Rag.Engine.Tests.Indexing;

/// <summary>Measures the managed heap, so nothing may run beside it.</summary>
[Collection(nameof(IndexFootprintTests))]
[CollectionDefinition(nameof(IndexFootprintTests), DisableParallelization = true)]
public sealed class IndexFootprintTests
{
    private const int Rounds = 5;
    private const int Indexes = 200;

    [Fact]
    public void An_index_of_ten_vectors_costs_less_than_two_kilobytes_beside_them()
    {
        var vectors = TestVectors.Clustered(10, 384, seed: 12);
        const int codes = 10 * 384;
        // The median: threads of tests before this one may still let go of something.
        var managed = Enumerable.Range(0, Rounds).Select(_ => ManagedBytesOf(vectors)).Order().ElementAt(Rounds / 2);
        managed.ShouldBeInRange(0, 2048); // codes and vectors are outside the heap
        using var one = TestIndex.Of(vectors, Metric.Cosine);
        (one.Index.MemoryBytes - codes).ShouldBeLessThan(2048);
    }

    private static long ManagedBytesOf(float[][] vectors)
    {
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var indexes = Enumerable.Range(0, Indexes).Select(_ => TestIndex.Of(vectors, Metric.Cosine)).ToArray();
        var bytes = (GC.GetTotalMemory(forceFullCollection: true) - before) / indexes.Length;
        Array.ForEach(indexes, index => index.Dispose());
        return bytes;
    }
}
