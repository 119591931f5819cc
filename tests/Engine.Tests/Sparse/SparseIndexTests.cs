using Rag.Engine.Indexing;
using Rag.Engine.Sparse;

namespace Rag.Engine.Tests.Sparse;

public sealed class SparseIndexTests
{
    [Theory]
    [InlineData(1, true)]
    [InlineData(2, true)]
    [InlineData(3, false)]
    [InlineData(4, false)]
    public void Random_writes_and_searches_agree_with_plain_sums(int seed, bool text)
    {
        var random = new Random(seed);
        var words = new RandomTerms(random, text);
        var oracle = new SparseOracle();
        var options = new SparseIndexOptions { MaxSegmentDocuments = 1024 };
        var index = new SparseIndex(options);
        var freed = new Stack<int>();
        var next = 0;
        for (var round = 0; round < 60; round++)
        {
            for (var i = random.Next(round % 10 == 9 ? 900 : 40); i >= 0; i--)
            {
                var row = freed.TryPop(out var free) ? free : next++;
                var document = words.Document();
                var visible = random.Next(10) > 0;
                index.Add(row, document);
                oracle.Set(row, document, visible);
                if (visible)
                    index.Show(row);
            }

            foreach (var row in oracle.Rows.Where(_ => random.Next(round % 12 == 11 ? 2 : 30) == 0).ToArray())
            {
                if (oracle.IsVisible(row))
                    index.Hide(row);
                index.Flush();
                index.Remove(row);
                oracle.Remove(row);
                freed.Push(row);
            }

            index.Flush();
            if (round % 20 == 19)
                index = Reload(index, options, oracle);
            foreach (var k in new[] { 1, 10, 150, 300 })
            {
                var query = words.Query();
                var hits = new ScoredRow[k];
                var found = index.Search(query, null, new Visible(oracle), hits, out _);
                oracle.Check(query, k, hits.AsSpan(0, found));
                var (ours, expected) = (index.StatisticsOf(query), oracle.StatisticsOf(query));
                ours.DocumentCounts.ShouldBe(expected.DocumentCounts);
                (ours.Documents, ours.TotalLength).ShouldBe((expected.Documents, expected.TotalLength));
            }
        }

        foreach (var row in oracle.Rows.ToArray())
            index.Remove(row);
        index.Count.ShouldBe(0);
        index.MemoryBytes.ShouldBeLessThan(200_000, "what was removed is not kept");
    }

    [Fact]
    public void A_large_index_with_long_lists_agrees_with_plain_sums()
    {
        var random = new Random(5);
        var words = new RandomTerms(random, text: true);
        var (oracle, index) = (new SparseOracle(), new SparseIndex(new SparseIndexOptions()));
        for (var row = 0; row < 12_000; row++)
        {
            var document = words.Document();
            index.Add(row, document);
            index.Show(row);
            oracle.Set(row, document);
            if (row % 5000 == 4999)
                index.Flush();
        }

        index.Flush();
        for (var i = 0; i < 25; i++)
        {
            var query = words.Query();
            var hits = new ScoredRow[10];
            oracle.Check(query, 10, hits.AsSpan(0, index.Search(query, null, default(AllRows), hits, out var pruned)));
            if (i > 0)
                continue;
            var all = new ScoredRow[12_000];
            oracle.Check(query, all.Length, all.AsSpan(0, index.Search(query, null, default(AllRows), all, out var walked)));
            pruned.Distances.ShouldBeLessThan(walked.Distances);
        }
    }

    [Fact]
    public void Hits_of_one_segment_are_kept_when_the_next_one_is_searched()
    {
        // Fewer hits than are asked for, so that no threshold stands when the second segment begins.
        var texts = Enumerable.Range(0, 2400).Select(row => row % 20 == 0 ? "granite wall" : "wall").ToArray();
        var index = SparseTexts.Build(new AnalysisOptions(), texts, batch: 600);
        Search(index.Index, index.Query("granite"), null, 200).Length.ShouldBe(120);
        var both = Search(index.Index, index.Query("granite wall"), null, 200);
        both.Length.ShouldBe(200);
        both.Take(120).ShouldAllBe(hit => hit.Row % 20 == 0);
    }

    [Fact]
    public void Partitions_with_statistics_of_all_score_to_the_last_bit_as_one_index_does()
    {
        var random = new Random(6);
        var words = new RandomTerms(random, text: true);
        var whole = new SparseIndex(new SparseIndexOptions());
        var parts = Enumerable.Range(0, 4).Select(_ => new SparseIndex(new SparseIndexOptions())).ToArray();
        for (var row = 0; row < 2000; row++)
        {
            var document = words.Document();
            foreach (var index in new[] { whole, parts[random.Next(4)] })
            {
                index.Add(row, document);
                index.Show(row);
                if (random.Next(50) == 0)
                    index.Flush();
            }
        }

        whole.Flush();
        foreach (var part in parts)
            part.Flush();
        for (var i = 0; i < 20; i++)
        {
            var query = words.Query();
            var statistics = parts.Select(part => part.StatisticsOf(query)).Aggregate((left, right) => left.Plus(right));
            var own = whole.StatisticsOf(query);
            statistics.DocumentCounts.ShouldBe(own.DocumentCounts);
            (statistics.Documents, statistics.TotalLength).ShouldBe((own.Documents, own.TotalLength));
            var expected = Search(whole, query, null, 500);
            var merged = parts.SelectMany(part => Search(part, query, statistics, 500))
                .OrderByDescending(hit => hit.Score).ThenBy(hit => hit.Row).Take(500);
            merged.Select(hit => hit.Score).ShouldBe(expected.Select(hit => hit.Score));
        }
    }

    [Fact]
    public void Titles_weigh_more_when_their_boost_says_so()
    {
        var analyzer = new TextAnalyzer(new AnalysisOptions());
        var index = new SparseIndex(new SparseIndexOptions());
        var document = new SparseDocument();
        string[][] fields = [["granite", "a stone of many colours"], ["stones", "granite is one of many colours"]];
        for (var row = 0; row < 2; row++)
        {
            document.Clear();
            document.AddText(analyzer, fields[row][0], 3);
            document.AddText(analyzer, fields[row][1], 1);
            index.Add(row, document);
            index.Show(row);
        }

        index.Flush();
        Search(index, SparseQuery.FromText(analyzer, "granite"), null, 2).Select(hit => hit.Row).ShouldBe([0, 1]);
        Search(index, SparseQuery.FromText(analyzer, "stone"), null, 2).Select(hit => hit.Row).ShouldBe([1, 0]);
    }

    [Fact]
    public void Rows_that_the_filter_refuses_are_not_found_and_take_no_place()
    {
        var texts = Enumerable.Range(0, 500).Select(i => $"stone {string.Join(' ', Enumerable.Repeat("wall", i % 7))}").ToArray();
        var index = SparseTexts.Build(new AnalysisOptions(), texts, 100);
        var hits = new ScoredRow[20];
        index.Index.Search(index.Query("stone wall"), null, new OnlyMultiples(25), hits, out _).ShouldBe(20);
        hits.ShouldAllBe(hit => hit.Row % 25 == 0);
        index.Index.Search(index.Query("marble"), null, default(AllRows), hits, out _).ShouldBe(0);
        index.Index.Search(index.Query(""), null, default(AllRows), hits, out _).ShouldBe(0);
        index.Index.Search(index.Query("stone"), null, default(AllRows), [], out _).ShouldBe(0);
    }

    [Fact]
    public void What_makes_no_sense_is_refused()
    {
        var document = new SparseDocument();
        document.AddWeight(7, 0.5f);
        Should.Throw<ArgumentException>(() => document.AddWeight(7, 0.5f)).Message.ShouldContain("twice");
        foreach (var weight in new[] { 0, -1, float.NaN, float.PositiveInfinity, 70000f })
        {
            Should.Throw<ArgumentException>(() => document.AddWeight(8, weight));
            Should.Throw<ArgumentException>(() => SparseQuery.FromVector([new(1, weight)]));
        }

        Should.Throw<ArgumentException>(() => SparseQuery.FromVector([new(1, 1), new(1, 1)]));
        Should.Throw<ArgumentException>(() => SparseQuery.FromVector([.. Enumerable.Range(0, 1025).Select(i => new KeyValuePair<uint, float>((uint)i, 1))]));
        Should.Throw<ArgumentException>(() => new SparseIndex(new SparseIndexOptions { K1 = -1, B = 2 })).Message.ShouldContain("B is 2");
        var query = SparseQuery.FromText(new TextAnalyzer(new AnalysisOptions()), "two words");
        Should.Throw<ArgumentException>(() =>
            Search(new SparseIndex(new SparseIndexOptions()), query, new SparseStatistics(1, 1, [1]), 1));
    }

    [Fact]
    public void Damage_is_noticed_or_harmless_when_an_index_is_loaded()
    {
        var words = new RandomTerms(new Random(9), text: true);
        var index = new SparseIndex(new SparseIndexOptions());
        for (var row = 0; row < 400; row++)
            index.Add(row, words.Document());
        index.Flush();
        var stream = new MemoryStream();
        index.Save(stream);
        var bytes = stream.ToArray();
        var random = new Random(10);
        var query = words.Query();
        for (var i = 0; i < 400; i++)
        {
            var damaged = (byte[])bytes.Clone();
            damaged[i < 100 ? i : random.Next(damaged.Length)] ^= (byte)(1 << random.Next(8));
            try
            {
                var loaded = SparseIndex.Load(new MemoryStream(damaged), new SparseIndexOptions(), new Present(row => row < 400));
                for (var row = 0; row < 400; row++)
                    loaded.Show(row);
                loaded.Flush();
                Search(loaded, query, null, 50);
            }
            catch (InvalidDataException)
            {
                // Noticed.
            }
        }

        for (var cut = 0; cut < bytes.Length; cut += 997)
            Should.Throw<InvalidDataException>(() => SparseIndex.Load(new MemoryStream(bytes, 0, cut), new SparseIndexOptions(), new Present(_ => true)));
    }

    private static ScoredRow[] Search(SparseIndex index, SparseQuery query, SparseStatistics? statistics, int k)
    {
        var hits = new ScoredRow[k];
        return hits[..index.Search(query, statistics, default(AllRows), hits, out _)];
    }

    private static SparseIndex Reload(SparseIndex index, SparseIndexOptions options, SparseOracle oracle)
    {
        var stream = new MemoryStream();
        index.Save(stream);
        stream.Position = 0;
        var rows = oracle.Rows.ToHashSet();
        var loaded = SparseIndex.Load(stream, options, new Present(rows.Contains));
        foreach (var row in rows.Where(oracle.IsVisible))
            loaded.Show(row);
        loaded.Flush();
        loaded.Count.ShouldBe(index.Count);
        return loaded;
    }

    private sealed class Present(Func<int, bool> present) : IRowPresence
    {
        public bool IsPresent(int row) => present(row);
    }

    private readonly struct Visible(SparseOracle oracle) : IRowFilter
    {
        public bool Accepts(int row) => oracle.IsVisible(row);

        public int Next(int row) => row;

        public ReadOnlySpan<ulong> Bits => default;
    }

    private readonly struct OnlyMultiples(int of) : IRowFilter
    {
        public bool Accepts(int row) => row % of == 0;

        public int Next(int row) => row;

        public ReadOnlySpan<ulong> Bits => default;
    }
}
