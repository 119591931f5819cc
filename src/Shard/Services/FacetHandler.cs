using Rag.Engine;
using Rag.Engine.Filters;
using Rag.Engine.Storage;
using Rag.Internal.V1;
using Rag.Shard.Mapping;
using Rag.V1;
using CountFacetsRequest = Rag.Internal.V1.CountFacetsRequest;
using CountFacetsResponse = Rag.Internal.V1.CountFacetsResponse;

namespace Rag.Shard.Services;

/// <summary>Counts chunks by what their metadata says, in all slices of a request together. Thread-safe.</summary>
internal sealed class FacetHandler(ShardStore store, SliceResolver resolver)
{
    public async Task<CountFacetsResponse> CountAsync(CountFacetsRequest request, CancellationToken ct)
    {
        var (slices, _) = resolver.Resolve(request.Target);
        await store.WaitAsync(request.MinStamps, ct);
        var filter = FilterMapping.ToEngine(request.Filter);
        var facets = request.Facets.Select(ToEngine).ToList();
        var values = facets.ConvertAll(_ => new Dictionary<MetadataValue, long>());
        var ranges = facets.ConvertAll(facet => new long[facet.Ranges.Count]);
        var response = new CountFacetsResponse();
        foreach (var slice in slices)
        {
            var answer = await store.CountFacetsAsync(slice, filter, facets, ct);
            response.Count += answer.Count;
            for (var i = 0; i < facets.Count; i++)
                Add(answer.Facets[i], values[i], ranges[i]);
        }

        for (var i = 0; i < facets.Count; i++)
            response.Facets.Add(ToProto(request.Facets[i], values[i], ranges[i]));
        return response;
    }

    private static void Add(FacetCounts part, Dictionary<MetadataValue, long> values, long[] ranges)
    {
        foreach (var (value, count) in part.Values)
            values[value] = values.GetValueOrDefault(value) + count;
        for (var i = 0; i < ranges.Length; i++)
            ranges[i] += part.Ranges[i];
    }

    private static FacetQuery ToEngine(Facet facet) => new(facet.Key, [.. facet.Ranges.Select(range =>
        new FilterExpression.Range(
            facet.Key,
            range.From is null ? null : ValueMapping.ToEngine(range.From, facet.Key), true,
            range.To is null ? null : ValueMapping.ToEngine(range.To, facet.Key), false))]);

    private static FacetResult ToProto(Facet facet, Dictionary<MetadataValue, long> values, long[] ranges)
    {
        var result = new FacetResult { Key = facet.Key };
        for (var i = 0; i < ranges.Length; i++)
            result.Counts.Add(new FacetCount { Range = facet.Ranges[i], Count = ranges[i] });
        foreach (var (value, count) in values)
        {
            var proto = value.Kind == MetadataKind.Boolean
                ? new Value { BoolValue = value.AsBoolean() }
                : new Value { StringValue = value.AsString() };
            result.Counts.Add(new FacetCount { Value = proto, Count = count });
        }

        return result;
    }
}
