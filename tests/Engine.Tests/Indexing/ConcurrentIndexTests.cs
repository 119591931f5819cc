using Rag.Engine.Indexing;

namespace Rag.Engine.Tests.Indexing;

public sealed class ConcurrentIndexTests
{
    [Fact]
    public async Task Searches_beside_the_writer_return_only_true_rows_with_true_scores()
    {
        var vectors = TestVectors.Clustered(3000, 16, seed: 30);
        using var index = new TestIndex(new VectorIndexOptions { Dimension = 16, Metric = Metric.L2, ExactThreshold = 300 });
        var done = false;
        using var started = new CountdownEvent(2);
        var readers = Enumerable.Range(0, 2).Select(reader => Task.Factory.StartNew(() =>
        {
            var random = new Random(reader);
            var hits = new ScoredRow[10];
            var searches = 0;
            while (!Volatile.Read(ref done))
            {
                var query = vectors[random.Next(vectors.Length)];
                var found = index.Index.Search(query, new SearchEffort(32), new EveryNth(2), -1, hits, out _);
                foreach (var hit in hits.AsSpan(0, found))
                {
                    // Even rows are never removed, so each must have its own vector's score.
                    var expected = TestVectors.Score(Metric.L2, vectors[hit.Row], query);
                    if (hit.Row % 2 != 0 || Math.Abs(hit.Score - expected) > 1e-3 * Math.Max(1, Math.Abs(expected)))
                        throw new InvalidOperationException($"Row {hit.Row} has the score {hit.Score}, not {expected}.");
                }

                if (searches++ == 0)
                    started.Signal();
            }

            return searches;
        }, TaskCreationOptions.LongRunning)).ToArray();
        started.Wait(TimeSpan.FromSeconds(60)).ShouldBeTrue();
        for (var row = 0; row < vectors.Length; row++)
        {
            index.Index.Add(row, vectors[row]);
            if (row > 50 && row % 2 == 1)
            {
                index.Index.Remove(row - 50);
                if (row % 4 == 1)
                    index.Index.Add(row - 50, vectors[row - 50]);
            }
        }

        using var snapshot = index.Reload(index.Save());
        snapshot.Index.Count.ShouldBe(index.Index.Count);
        Volatile.Write(ref done, true);
        (await Task.WhenAll(readers)).ShouldAllBe(searches => searches > 0);
    }

    [Fact]
    public void Rows_added_by_several_threads_are_all_found()
    {
        var vectors = TestVectors.Clustered(2000, 16, seed: 31);
        using var index = new TestIndex(new VectorIndexOptions { Dimension = 16, Metric = Metric.Cosine, ExactThreshold = 0 });
        var all = vectors.SelectMany(vector => vector).ToArray();
        index.Index.AddRange(Enumerable.Range(0, 2000).ToArray(), all, threads: 4);
        index.Index.IsGraph.ShouldBeTrue();
        var missed = Enumerable.Range(0, 2000).Count(row => index.Search(vectors[row], 1, new SearchEffort(64))[0] != row);
        missed.ShouldBeLessThan(4);
    }
}
