using Rag.Hosting.Agreement;

namespace Rag.Hosting.Tests;

public sealed class NodeAgreementTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);
    private static readonly Uri Address = new("http://127.0.0.1:7710");
    private static readonly NodeIdentity Own = new("router", "router", 1, "0.1.0", "c-1", Now);
    private static readonly NodeIdentity Shard = new("shard", "shard-0", 1, "0.1.0", "c-1", Now);

    [Fact]
    public void Processes_of_one_cluster_and_version_agree() => WhyNot(Shard).ShouldBeNull();

    [Fact]
    public void Another_protocol_is_refused_with_both_versions() =>
        WhyNot(Shard with { Protocol = 2, Version = "0.2.0" }).ShouldBe(
            "shard shard-0 at http://127.0.0.1:7710 speaks protocol 2 (version 0.2.0), this process 1 (version 0.1.0): run the same version on both.");

    [Fact]
    public void Another_cluster_is_refused_but_one_without_an_id_is_not()
    {
        WhyNot(Shard with { ClusterId = "c-2" })!.ShouldContain("belongs to cluster 'c-2', this process to 'c-1'");
        WhyNot(Shard with { ClusterId = "" }).ShouldBeNull("a topology from a file may name none");
    }

    [Fact]
    public void A_shard_at_the_address_of_another_one_is_refused() =>
        WhyNot(Shard with { Name = "shard-1" })!.ShouldContain("should be shard-0 by the topology");

    [Theory]
    [InlineData(9.9, 0, null)]
    [InlineData(-9.9, 0, null)]
    [InlineData(10.5, 0, "10.5 s ahead of")]
    [InlineData(-3600, 0, "3600.0 s behind")]
    [InlineData(12, 6, null)]
    public void Clocks_may_be_apart_by_ten_seconds_and_by_what_an_answer_took(double aheadSeconds, double roundTripSeconds, string? reason)
    {
        var roundTrip = TimeSpan.FromSeconds(roundTripSeconds);
        var why = NodeAgreement.WhyNot(
            Own, Shard with { Clock = Now + TimeSpan.FromSeconds(aheadSeconds) }, "shard-0", Address, roundTrip, NodeAgreement.DefaultMaxClockSkew);
        if (reason is null)
            why.ShouldBeNull();
        else
            why!.ShouldContain(reason);
    }

    private static string? WhyNot(NodeIdentity peer) =>
        NodeAgreement.WhyNot(Own, peer, "shard-0", Address, TimeSpan.Zero, NodeAgreement.DefaultMaxClockSkew);
}
