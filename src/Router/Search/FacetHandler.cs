using Rag.Internal.V1;
using Rag.Router.Cursors;
using Rag.Router.Errors;
using Rag.Router.Shards;
using Rag.Router.Validation;
using Rag.Router.Workspaces;
using Rag.V1;
using CountFacetsRequest = Rag.V1.CountFacetsRequest;
using CountFacetsResponse = Rag.V1.CountFacetsResponse;
using ShardFacetsRequest = Rag.Internal.V1.CountFacetsRequest;
using ShardFacetsResponse = Rag.Internal.V1.CountFacetsResponse;

namespace Rag.Router.Search;

/// <summary>
/// Counts chunks by what their metadata says. Every shard sends all of its values, so the sums are exact. Thread-safe.
/// </summary>
internal sealed class FacetHandler(ShardCaller shards, WorkspaceDirectory directory)
{
    private const int DefaultLimit = 10;

    private static readonly ShardOperation<FacetPlan, ShardFacetsResponse> Count = new(
        "CountFacets", OperationKind.Read,
        static (client, target, plan, options) => client.CountFacetsAsync(plan.ToRequest(target), options))
    {
        WantedBy = static plan => plan.Stamps,
    };

    public Task<CountFacetsResponse> CountAsync(CountFacetsRequest request, CallScope scope)
    {
        TextRules.RequireWorkspace(request.Workspace);
        var violations = new Violations();
        FilterRules.Check(request.Filter, "filter", violations);
        if (request.Facets.Count == 0)
            violations.Add("facets", "Say what to count by: give 1 to 16 facets.");
        FacetRules.Check(request.Facets, violations);
        violations.ThrowIfAny();
        return directory.WithAsync(
            request.Workspace, (Handler: this, Request: request, Scope: scope),
            static (workspace, state, _) => state.Handler.CountAsync(
                workspace, new FacetPlan(state.Request.Filter, state.Request.Facets,
                    ConsistencyToken.Read(state.Request.MinConsistencyToken, workspace)), false, state.Scope),
            scope.Token);
    }

    /// <summary>Counts beside a search, in the partitions that it may be answered from.</summary>
    public Task<CountFacetsResponse> CountAsync(KnownWorkspace workspace, SearchRequest search, CallScope scope) =>
        CountAsync(
            workspace, new FacetPlan(search.Filter, search.Facets,
                ConsistencyToken.Read(search.MinConsistencyToken, workspace)), search.AllowPartial, scope);

    private async Task<CountFacetsResponse> CountAsync(
        KnownWorkspace workspace, FacetPlan plan, bool allowMissing, CallScope scope)
    {
        var gathered = await shards.GatherAsync(workspace, plan, Count, scope, allowMissing);
        var answer = new CountFacetsResponse();
        var sums = plan.Facets.Select(_ => new Dictionary<string, FacetCount>(StringComparer.Ordinal)).ToList();
        foreach (var (_, part) in gathered.Answers)
        {
            answer.Count += part.Count;
            for (var i = 0; i < sums.Count; i++)
                Add(sums[i], part.Facets[i]);
        }

        for (var i = 0; i < sums.Count; i++)
            answer.Facets.Add(ResultOf(plan.Facets[i], sums[i]));
        return answer;
    }

    private static void Add(Dictionary<string, FacetCount> sums, FacetResult part)
    {
        for (var i = 0; i < part.Counts.Count; i++)
        {
            var count = part.Counts[i];
            // Ranges come all and in their order; a string may look like a truth value.
            var name = count.Value switch
            {
                null => $"#{i}",
                { KindCase: Value.KindOneofCase.StringValue } value => "s" + value.StringValue,
                { } value => "b" + value.BoolValue,
            };
            if (sums.TryGetValue(name, out var sum))
                sum.Count += count.Count;
            else
                sums.Add(name, count);
        }
    }

    private static FacetResult ResultOf(Facet facet, Dictionary<string, FacetCount> sums)
    {
        var result = new FacetResult { Key = facet.Key };
        if (facet.Ranges.Count > 0)
        {
            for (var i = 0; i < facet.Ranges.Count; i++)
            {
                result.Counts.Add(new FacetCount
                {
                    Range = facet.Ranges[i], Count = sums.GetValueOrDefault($"#{i}")?.Count ?? 0,
                });
            }

            return result;
        }

        var counts = sums.Values.ToList();
        counts.Sort(static (left, right) => left.Count != right.Count
            ? right.Count.CompareTo(left.Count)
            : Utf8Order.Compare(NameOf(left.Value), NameOf(right.Value)));
        result.Counts.AddRange(counts.Take(facet.Limit == 0 ? DefaultLimit : facet.Limit));
        return result;
    }

    private static string NameOf(Value value) => value.KindCase is Value.KindOneofCase.BoolValue
        ? value.BoolValue ? "true" : "false"
        : value.StringValue;

    private sealed record FacetPlan(Filter? Filter, IReadOnlyList<Facet> Facets, Stamp[] Stamps)
    {
        public ShardFacetsRequest ToRequest(Target target)
        {
            var request = new ShardFacetsRequest { Target = target, Filter = Filter };
            request.Facets.AddRange(Facets);
            MinStamps.AddTo(request.MinStamps, Stamps, target);
            return request;
        }
    }
}
