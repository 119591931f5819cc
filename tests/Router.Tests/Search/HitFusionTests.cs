using Rag.Router.Search;
using Rag.V1;

namespace Rag.Router.Tests.Search;

public sealed class HitFusionTests
{
    [Fact]
    public void Scaled_scores_are_added_by_weight_and_what_a_list_lacks_counts_nothing()
    {
        var fused = Fuse(new Fusion { DenseWeight = 1, SparseWeight = 1 });
        fused.Select(hit => (hit.ChunkId, hit.Score)).ShouldBe([("b", 0.75f), ("a", 0.5f), ("d", 0.25f), ("c", 0f)]);
        var both = fused[0];
        (both.DenseScore, both.SparseScore).ShouldBe((0.6f, 12f));
        fused[1].HasSparseScore.ShouldBeFalse();
        fused[2].HasDenseScore.ShouldBeFalse();
        Fuse(new Fusion { SparseWeight = 0 }).Select(hit => hit.ChunkId).ShouldBe(["a", "b", "c", "d"]);
        Fuse(new Fusion { DenseWeight = 3 }).Select(hit => hit.Score).ShouldBe([0.75f, 0.625f, 0.125f, 0f]);
    }

    [Fact]
    public void Without_weights_a_list_counts_the_more_the_further_its_best_stand_out()
    {
        // Both lists of the other tests are evenly spread, so that nothing changes.
        Fuse(null).Select(hit => (hit.ChunkId, Math.Round(hit.Score, 6)))
            .ShouldBe(Fuse(new Fusion { DenseWeight = 1, SparseWeight = 1 }).Select(hit => (hit.ChunkId, Math.Round(hit.Score, 6))));
        // One by vector, clearly the best of many that are alike; by words any of two is as good.
        var dense = Enumerable.Range(0, 50).Select(i => Hit($"v{i:00}", i == 0 ? 0.9f : 0.3f - i / 1000f)).ToList();
        var fused = Fuse(dense, [Hit("w1", 7), Hit("w2", 6)], null);
        fused[0].ChunkId.ShouldBe("v00");
        fused[0].Score.ShouldBeGreaterThan(fused[1].Score * 1.5f);
        fused.ShouldAllBe(hit => hit.Score >= 0 && hit.Score <= 1);
    }

    [Fact]
    public void Ranks_are_added_as_reciprocals()
    {
        var fused = Fuse(new Fusion { Method = FusionMethod.ReciprocalRank, SparseWeight = 2 });
        fused.Select(hit => hit.ChunkId).ShouldBe(["b", "c", "d", "a"]);
        fused[0].Score.ShouldBe(1f / 62 + 2f / 61, 1e-6f);
        Fuse(new Fusion { Method = FusionMethod.ReciprocalRank, RankConstant = 1 })[0].Score.ShouldBe(1f / 3 + 1f / 2, 1e-6f);
    }

    [Fact]
    public void The_distribution_of_a_list_decides_what_its_scores_count()
    {
        var fused = Fuse(new Fusion { Method = FusionMethod.Distribution });
        fused[0].ChunkId.ShouldBe("b");
        // 12, 9, 6: mean 9, deviation √6.
        var sparse = (12 - (9 - 3 * Math.Sqrt(6))) / (6 * Math.Sqrt(6));
        fused[0].Score.ShouldBe((float)((0.5 + sparse) / 2), 1e-5f);
    }

    [Fact]
    public void Equal_scores_an_empty_list_and_two_of_them_are_no_trouble()
    {
        Fuse([], [], null).ShouldBeEmpty();
        Fuse([Hit("b", 2), Hit("a", 2)], [], null).Select(hit => (hit.ChunkId, hit.Score)).ShouldBe([("a", 0.5f), ("b", 0.5f)]);
        Fuse([], [Hit("x", 2)], new Fusion { Method = FusionMethod.Distribution }).Single().Score.ShouldBe(0.5f);
    }

    [Fact]
    public void Three_lists_are_mixed_each_by_its_weight()
    {
        var weights = new Fusion { DenseWeight = 1, SparseWeight = 2, SparseVectorWeight = 5 };
        var fused = HitFusion.Fuse(Three(), weights);
        // a: 1 by vector, 0 by sparse vector; b: half by vector, 1 by words; d: half by words, 1 by sparse vector.
        fused.Select(hit => (hit.ChunkId, hit.Score)).ShouldBe([("d", 6f / 8), ("b", 2.5f / 8), ("a", 1f / 8), ("c", 0f)]);
        (fused[0].HasDenseScore, fused[0].SparseScore, fused[0].SparseVectorScore).ShouldBe((false, 9f, 3f));
        (fused[2].DenseScore, fused[2].HasSparseScore, fused[2].SparseVectorScore).ShouldBe((0.8f, false, 1f));
        var ranks = HitFusion.Fuse(Three(), new Fusion { Method = FusionMethod.ReciprocalRank, SparseVectorWeight = 4 });
        ranks[0].ChunkId.ShouldBe("d");
        ranks[0].Score.ShouldBe(1f / 62 + 4f / 61, 1e-6f);
        var mix = FrozenMix.Of(Three(), weights);
        mix.IsSound.ShouldBeTrue();
        mix.Lists.Select(list => list.Threshold).ShouldBe([0.4f, 6f, 1f]);
        HitFusion.Fuse(Three(), mix.Scales).Select(hit => (hit.ChunkId, hit.Score)).ShouldBe(fused.Select(hit => (hit.ChunkId, hit.Score)));
    }

    private static HitList[] Three() =>
    [
        new(ListKind.Dense, [Hit("a", 0.8f), Hit("b", 0.6f), Hit("c", 0.4f)]),
        new(ListKind.Words, [Hit("b", 12), Hit("d", 9), Hit("c", 6)]),
        new(ListKind.SparseVector, [Hit("d", 3), Hit("a", 1)]),
    ];

    private static List<SearchHit> Fuse(List<SearchHit> dense, List<SearchHit> words, Fusion? fusion) =>
        HitFusion.Fuse([new HitList(ListKind.Dense, dense), new HitList(ListKind.Words, words)], fusion);

    // By vector a, b, c with b half-way; by words b, d, c with d half-way.
    private static List<SearchHit> Fuse(Fusion? fusion) =>
        Fuse([Hit("a", 0.8f), Hit("b", 0.6f), Hit("c", 0.4f)], [Hit("b", 12), Hit("d", 9), Hit("c", 6)], fusion);

    private static SearchHit Hit(string id, float score) => new() { DocumentId = "d", ChunkId = id, Score = score };
}
