using Rag.Engine.Indexing;
using Rag.Engine.Sparse;

namespace Rag.Engine.Tests.Sparse;

public sealed class ConcurrentSparseTests
{
    [Fact]
    public async Task Searches_beside_the_writer_find_every_row_that_stays_and_never_a_wrong_one()
    {
        const int Stays = 200;
        // Row i holds the word of its number; rows from Stays on come and go and are written again with other words.
        var index = SparseTexts.Build(new AnalysisOptions(), Enumerable.Range(0, Stays).Select(TextOf).ToArray(), 7);
        var done = false;
        using var started = new CountdownEvent(2);
        var readers = Enumerable.Range(0, 2).Select(reader => Task.Factory.StartNew(() =>
        {
            var random = new Random(reader);
            var queries = new SparseTexts(new AnalysisOptions());
            var hits = new ScoredRow[5];
            var searches = 0;
            while (!Volatile.Read(ref done))
            {
                var row = random.Next(Stays);
                var found = index.Index.Search(queries.Query($"word{row} common"), null, default(AllRows), hits, out _);
                if (found != 5 || hits[0].Row != row)
                    throw new InvalidOperationException($"Row {row} is not found: {string.Join(' ', hits)}.");
                for (var i = 1; i < found; i++)
                {
                    if (hits[i].Score > hits[i - 1].Score || hits[i].Row < 0)
                        throw new InvalidOperationException("The hits are not in order.");
                }

                if (searches++ == 0)
                    started.Signal();
            }

            return searches;
        }, TaskCreationOptions.LongRunning)).ToArray();
        started.Wait(TimeSpan.FromSeconds(60)).ShouldBeTrue();
        for (var round = 0; round < 30; round++)
        {
            for (var i = 0; i < 100; i++)
            {
                index.Add(Stays + i, TextOf(Stays + i + round));
                if (i % 9 == 0)
                    index.Index.Flush();
            }

            index.Index.Flush();
            var stream = new MemoryStream();
            index.Index.Save(stream);
            for (var i = 0; i < 100; i++)
                index.Index.Remove(Stays + i);
        }

        Volatile.Write(ref done, true);
        (await Task.WhenAll(readers)).ShouldAllBe(searches => searches > 0);
        index.Index.Count.ShouldBe(Stays);
        index.Index.VisibleCount.ShouldBe(Stays);
    }

    private static string TextOf(int row) => $"common word{row} filler";
}
