using Rag.Engine.Indexing;

namespace Rag.Engine.Tests.Indexing;

public sealed class IndexPersistenceTests
{
    private static readonly float[][] Vectors = TestVectors.Clustered(800, 64, seed: 20);
    private static readonly float[][] Queries = TestVectors.Clustered(30, 64, seed: 21);

    [Theory]
    [InlineData(int.MaxValue, VectorCodec.Int8)]
    [InlineData(0, VectorCodec.Int8)]
    [InlineData(0, VectorCodec.Float32)]
    [InlineData(0, VectorCodec.Binary)]
    public void A_loaded_index_answers_as_the_saved_one_did(int threshold, VectorCodec codec)
    {
        using var index = TestIndex.Of(Vectors, Metric.InnerProduct, threshold, codec);
        for (var row = 5; row < 800; row += 7)
            index.Index.Remove(row);
        using var loaded = index.Reload(index.Save());
        loaded.Index.Count.ShouldBe(index.Index.Count);
        loaded.Index.IsGraph.ShouldBe(index.Index.IsGraph);
        foreach (var query in Queries)
            loaded.Search(query, 10, new SearchEffort(40)).ShouldBe(index.Search(query, 10, new SearchEffort(40)));
    }

    [Fact]
    public void The_same_rows_and_seed_give_the_same_bytes()
    {
        using var one = TestIndex.Of(Vectors, Metric.Cosine, 0);
        using var two = TestIndex.Of(Vectors, Metric.Cosine, 0);
        one.Save().ShouldBe(two.Save());
    }

    [Fact]
    public void Rows_that_the_snapshot_does_not_hold_are_dropped_with_all_edges_to_them()
    {
        using var index = TestIndex.Of(Vectors, Metric.L2, 0);
        using var loaded = index.Reload(index.Save(), row => row % 3 == 0);
        loaded.Index.Count.ShouldBe(267);
        loaded.Index.IsGraph.ShouldBeTrue();
        foreach (var query in Queries)
        {
            var found = loaded.Search(query, 10, new SearchEffort(100));
            found.Length.ShouldBe(10);
            found.ShouldAllBe(row => row % 3 == 0);
        }
    }

    [Fact]
    public void A_snapshot_below_a_row_limit_knows_nothing_of_later_rows()
    {
        using var index = TestIndex.Of(Vectors, Metric.L2, 0);
        using var loaded = index.Reload(index.Save(rowLimit: 500));
        loaded.Index.Count.ShouldBe(500);
        loaded.Search(Vectors[600], 500, new SearchEffort(500)).ShouldAllBe(row => row < 500);
        for (var row = 500; row < 800; row++)
            loaded.Index.Add(row, Vectors[row]);
        loaded.Search(Vectors[600], 1)[0].ShouldBe(600);
    }

    [Fact]
    public void A_graph_that_is_still_being_made_is_finished_after_loading()
    {
        using var index = TestIndex.Of(Vectors[..505], Metric.L2, 500);
        index.Index.IsGraph.ShouldBeFalse();
        using var loaded = index.Reload(index.Save());
        loaded.Index.IsGraph.ShouldBeFalse();
        for (var row = 505; row < 600; row++)
            loaded.Index.Add(row, Vectors[row]);
        loaded.Index.IsGraph.ShouldBeTrue();
        for (var row = 0; row < 600; row++)
            loaded.Search(Vectors[row], 1, new SearchEffort(64))[0].ShouldBe(row);
    }

    [Fact]
    public void A_truncated_file_is_refused()
    {
        using var index = TestIndex.Of(Vectors[..200], Metric.L2, 0);
        var saved = index.Save();
        for (var length = 0; length < saved.Length; length += 1 + length / 20)
            Should.Throw<InvalidDataException>(() => index.Reload(saved[..length]));
    }

    [Fact]
    public void An_index_of_other_options_is_refused()
    {
        using var index = TestIndex.Of(Vectors[..50], Metric.L2);
        using var other = TestIndex.Of(Vectors[..50], Metric.Cosine);
        Should.Throw<InvalidDataException>(() => other.Reload(index.Save()));
    }

    [Fact]
    public void Damaged_bytes_are_refused_or_do_no_harm()
    {
        using var index = TestIndex.Of(Vectors[..200], Metric.InnerProduct, 0);
        var saved = index.Save();
        var random = new Random(22);
        for (var round = 0; round < 300; round++)
        {
            var damaged = (byte[])saved.Clone();
            for (var i = 0; i < 4; i++)
                damaged[random.Next(round % 2 == 0 ? 64 : damaged.Length)] = (byte)random.Next(256);
            try
            {
                using var loaded = index.Reload(damaged);
                loaded.Search(Queries[round % Queries.Length], 10).ShouldAllBe(row => row >= 0 && row < 200);
            }
            catch (InvalidDataException)
            {
                // Refused: as good.
            }
        }
    }
}
