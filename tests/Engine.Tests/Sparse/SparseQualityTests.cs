using System.Diagnostics;
using Rag.Engine.Indexing;
using Rag.Engine.Sparse;

namespace Rag.Engine.Tests.Sparse;

/// <summary>Ranking on public collections; skipped where they are absent.</summary>
public sealed class SparseQualityTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData("adi", 0.4814)]
    [InlineData("cisi", 0.3841)]
    [InlineData("cranfield", 0.5182)]
    [InlineData("cacm", 0.4972)]
    [InlineData("scifact-train", 0.6988)]
    public void Bm25_ranks_as_well_as_the_best_reference(string name, double reference)
    {
        var collection = JudgedTexts.Open(name);
        Assert.SkipWhen(collection is null, "The shared collections are absent.");
        var watch = Stopwatch.StartNew();
        var index = SparseTexts.Build(new AnalysisOptions(), collection!.Texts);
        var built = watch.Elapsed;
        var hits = new ScoredRow[10];
        var sum = 0.0;
        foreach (var (id, text) in collection.Queries)
        {
            var found = index.Index.Search(index.Query(text), null, default(AllRows), hits, out _);
            sum += collection.NdcgOf(id, hits[..found].Select(hit => collection.Ids[hit.Row]).ToList());
        }

        var ndcg = sum / collection.Queries.Count;
        output.WriteLine($"{name}: nDCG@10 {ndcg:0.0000} (reference {reference:0.0000}), {collection.Texts.Length} texts in "
            + $"{built.TotalMilliseconds:0} ms, {index.Index.MemoryBytes / 1024} KiB");
        ndcg.ShouldBeGreaterThan(reference - 0.005);
    }

    [Fact]
    public void Skipping_finds_what_scoring_everything_finds()
    {
        var collection = JudgedTexts.Open("scifact-train");
        Assert.SkipWhen(collection is null, "The shared collections are absent.");
        // One segment, so that the plain loop has nothing to merge.
        var index = SparseTexts.Build(new AnalysisOptions(), collection!.Texts, batch: int.MaxValue);
        var stream = new MemoryStream();
        index.Index.Save(stream);
        SparseSegment? segment = null;
        stream.Position = 0;
        SegmentStream.Read(stream, new AllPresent(), read => segment = read);
        var exhaustive = new ExhaustiveScoring(segment!);
        var hits = new ScoredRow[10];
        var queries = collection.Queries.Select(query => index.Query(query.Text)).ToArray();
        var (fast, slow) = (TimeSpan.MaxValue, TimeSpan.MaxValue);
        // The least of some passes: the first ones are not compiled yet, and other work may stand between.
        for (var pass = 0; pass < 6; pass++)
        {
            var begin = Stopwatch.GetTimestamp();
            foreach (var query in queries)
                index.Index.Search(query, null, default(AllRows), hits, out _);
            var middle = Stopwatch.GetTimestamp();
            foreach (var query in queries)
                exhaustive.Search(query, index.Index.StatisticsOf(query), 10);
            slow = TimeSpan.FromTicks(Math.Min(slow.Ticks, Stopwatch.GetElapsedTime(middle).Ticks));
            fast = TimeSpan.FromTicks(Math.Min(fast.Ticks, Stopwatch.GetElapsedTime(begin, middle).Ticks));
        }

        foreach (var query in queries)
        {
            var expected = exhaustive.Search(query, index.Index.StatisticsOf(query), 10);
            index.Index.Search(query, null, default(AllRows), hits, out _).ShouldBe(expected.Length);
            for (var i = 0; i < expected.Length; i++)
                hits[i].Score.ShouldBe(expected[i].Score, 1e-3f);
        }

        output.WriteLine($"queries/s: {queries.Length / fast.TotalSeconds:0}, scoring everything {queries.Length / slow.TotalSeconds:0}");
    }

    private sealed class AllPresent : IRowPresence
    {
        public bool IsPresent(int row) => true;
    }
}
