using Grpc.Core;
using Rag.V1;

namespace Rag.Cluster.Tests.Retrieval;

/// <summary>Counts by value and by range, beside counting by hand.</summary>
public sealed class FacetTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(8)]
    public async Task Counts_are_exact_over_what_matches_the_filter(int spread)
    {
        await using var cluster = await SearchCluster.StartAsync(shards: 3);
        await cluster.CreateAsync("docs", spread, SampleChunks.Space);
        var chunks = SampleChunks.Make(500, documents: 40, seed: 9);
        chunks[7].Metadata["color"] = new Value { BoolValue = true };
        chunks[8].Metadata["tags"] = new Value { StringList = new StringList { Values = { "a", "a" } } };
        await cluster.UpsertAsync("docs", chunks);
        // What is replaced or deleted counts no longer.
        await cluster.UpsertAsync("docs", chunks.Take(50));
        await cluster.Chunks.DeleteChunksAsync(new DeleteChunksRequest { Workspace = "docs", Documents = new DocumentIds { DocumentIds_ = { "d30", "d31" } } });
        var alive = chunks.Where(chunk => chunk.DocumentId is not ("d30" or "d31")).ToList();
        var filter = new Filter { Range = new RangeFilter { Key = "year", AtLeast = new Value { IntegerValue = 2000 } } };
        foreach (var isFiltered in new[] { false, true })
        {
            var matching = alive.Where(chunk => !isFiltered || chunk.Metadata["year"].IntegerValue >= 2000).ToList();
            var request = new CountFacetsRequest
            {
                Workspace = "docs", Filter = isFiltered ? filter : null,
                Facets =
                {
                    new Facet { Key = "color" }, new Facet { Key = "tags", Limit = 2 }, new Facet { Key = "nothing" },
                    new Facet { Key = "year", Ranges = { Range(null, 2000), Range(2000, 2010), Range(2005, null) } },
                },
            };
            var answer = await cluster.Searches.CountFacetsAsync(request);
            answer.Count.ShouldBe(matching.Count);
            Counts(answer.Facets[0]).ShouldBe(Top(matching.Select(chunk => chunk.Metadata["color"] is { KindCase: Value.KindOneofCase.BoolValue } ? "true" : chunk.Metadata["color"].StringValue)));
            Counts(answer.Facets[1]).ShouldBe(Top(matching.Where(chunk => chunk.Metadata.ContainsKey("tags")).SelectMany(chunk => chunk.Metadata["tags"].StringList.Values.Distinct())).Take(2));
            answer.Facets[2].Counts.ShouldBeEmpty();
            answer.Facets[3].Counts.Select(count => count.Count).ShouldBe(new (int From, int To)[] { (0, 2000), (2000, 2010), (2005, 9999) }
                .Select(range => matching.LongCount(chunk => chunk.Metadata["year"].IntegerValue >= range.From && chunk.Metadata["year"].IntegerValue < range.To)));

            var search = new SearchRequest { Workspace = "docs", Vector = SampleChunks.VectorOf([0, 0, 0, 0]), K = 3, Filter = request.Filter, Facets = { request.Facets } };
            (await cluster.Searches.SearchAsync(search)).Facets.ShouldBe(answer.Facets);
        }
    }

    [Fact]
    public async Task More_values_than_can_be_summed_exactly_are_refused()
    {
        await using var cluster = await SearchCluster.StartAsync(shards: 1);
        await cluster.CreateAsync("docs", 1, SampleChunks.Space);
        var random = new Random(1);
        await cluster.UpsertAsync("docs", Enumerable.Range(0, 70).Select(i => new Chunk
        {
            ChunkId = $"{i}", Vectors = { [""] = SampleChunks.VectorOf([0, 0, 0, 1]) },
            Metadata = { ["id"] = new Value { StringList = new StringList { Values = { Enumerable.Range(0, 1000).Select(j => $"{i}-{j}") } } } },
        }));
        var request = new CountFacetsRequest { Workspace = "docs", Facets = { new Facet { Key = "id" } } };
        var fault = await Should.ThrowAsync<RpcException>(async () => await cluster.Searches.CountFacetsAsync(request));
        fault.StatusCode.ShouldBe(StatusCode.InvalidArgument);
        fault.Status.Detail.ShouldContain("65536");
    }

    private static FacetRange Range(int? from, int? to) => new()
    {
        From = from is null ? null : new Value { IntegerValue = from.Value }, To = to is null ? null : new Value { IntegerValue = to.Value },
    };

    private static IEnumerable<(string, long)> Counts(FacetResult facet) => facet.Counts.Select(count =>
        (count.Value.KindCase == Value.KindOneofCase.BoolValue ? "true" : count.Value.StringValue, count.Count));

    private static IEnumerable<(string, long)> Top(IEnumerable<string> values) => values.GroupBy(value => value)
        .Select(group => (group.Key, group.LongCount()))
        .OrderByDescending(item => item.Item2).ThenBy(item => item.Key, StringComparer.Ordinal);
}
