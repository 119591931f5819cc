using Rag.Hosting.Topology;

namespace Rag.Hosting.Tests;

public sealed class PlacementTests
{
    // Published test vector of xxHash64 with seed 0: "abc" is 0x44BC2CF5AD770999.
    private const ulong HashOfAbc = 0x44BC2CF5AD770999;

    [Fact]
    public void A_workspace_goes_to_the_partitions_that_its_hash_names()
    {
        Placement.PartitionsOf("abc", 4, 256).ShouldBe(
            [.. Enumerable.Range(0, 4).Select(b => (int)((HashOfAbc % 256 + (ulong)b) % 256))]);
    }

    [Fact]
    public void Partitions_wrap_around_at_the_end()
    {
        var partitions = Placement.PartitionsOf("abc", 256, 256);
        partitions.Distinct().Count().ShouldBe(256);
        partitions[0].ShouldBe(0x99);
        partitions[0x67].ShouldBe(0);
    }

    [Fact]
    public void A_document_goes_to_the_bucket_that_its_hash_names()
    {
        Placement.BucketOf("abc", 8).ShouldBe((int)(HashOfAbc % 8));
        Placement.BucketOf("anything", 1).ShouldBe(0);
    }

    [Fact]
    public void Doubling_the_spread_splits_each_bucket_in_two()
    {
        for (var i = 0; i < 1000; i++)
        {
            var id = $"document-{i}";
            (Placement.BucketOf(id, 8) % 4).ShouldBe(Placement.BucketOf(id, 4));
        }
    }

    [Fact]
    public void Ids_of_any_length_are_hashed_as_utf8()
    {
        var id = new string('ä', 400) + "😀";
        Placement.BucketOf(id, 1 << 16).ShouldBeInRange(0, (1 << 16) - 1);
    }
}
