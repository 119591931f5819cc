using System.Diagnostics;
using Google.Protobuf.WellKnownTypes;
using Rag.Internal.V1;
using Rag.Router.Cursors;
using Rag.Router.Embedding;
using Rag.Router.Errors;
using Rag.Router.Shards;
using Rag.Router.Validation;
using Rag.Router.Workspaces;
using Rag.V1;

namespace Rag.Router.Search;

/// <summary>
/// One search. Thread-safe.
/// <code>
/// all partitions on one shard:  router ── text or vector ──► shard (embeds, searches, merges) ──► answer
/// several shards:               router ── text ──► one shard embeds ── vector ──► every shard searches ──► merge
/// </code>
/// </summary>
internal sealed class SearchHandler(ShardCaller shards, WorkspaceDirectory directory, TextEmbedder embedder)
{
    private static readonly ShardMethod<SearchPlan, SearchSlicesResponse> SearchSlices =
        static (client, target, plan, options) => client.SearchSlicesAsync(plan.ToRequest(target), options);

    public Task<SearchResponse> SearchAsync(SearchRequest request, CallScope scope)
    {
        SearchRules.Check(request);
        return directory.WithAsync(
            request.Workspace, (Handler: this, Request: request, Scope: scope),
            static (workspace, state, _) => state.Handler.SearchAsync(workspace, state.Request, state.Scope),
            scope.Token);
    }

    private async Task<SearchResponse> SearchAsync(KnownWorkspace workspace, SearchRequest request, CallScope scope)
    {
        var started = Stopwatch.GetTimestamp();
        var plan = SearchPlan.Of(request, workspace);
        if (workspace.Partitions.Length == 1 && !request.AllowPartial)
        {
            var only = await shards.CallBucketAsync(workspace, 0, plan, SearchSlices, scope);
            return Answer(workspace, plan, only, started);
        }

        var embed = TimeSpan.Zero;
        var encoder = Encoder.Client;
        if (plan.NeedsEmbedding && workspace.RouteUnder(shards.Topology).Groups.Length > 1)
        {
            var space = workspace.FindSpace(request.Space)!;
            var embedded = await embedder.EmbedQueryAsync(space.Model, request.Text, request.Encoder, scope);
            plan.SetVector(embedded.Vectors);
            encoder = embedded.Encoder;
            embed = Stopwatch.GetElapsedTime(started);
        }

        var partScope = request.AllowPartial ? scope.WithReserve() : scope;
        var gathered = await shards.GatherAsync(workspace, plan, SearchSlices, partScope, request.AllowPartial);
        if (gathered.Answers.Count == 0)
        {
            throw Refuse.Unavailable(
                $"None of the workspace's {gathered.Missing.Count} partitions can be reached: try again.");
        }

        return Answer(workspace, plan, gathered, encoder, embed, started);
    }

    private static SearchResponse Answer(
        KnownWorkspace workspace, SearchPlan plan, ShardAnswer<SearchSlicesResponse> found, long started)
    {
        var only = found.Response;
        var answer = new SearchResponse
        {
            Encoder = only.Encoder,
            SettingsVersion = found.Group.Target.SettingsVersion,
            ConsistencyToken = ConsistencyToken.Of(workspace, only.Stamps),
        };
        HitMerge.Take(only.Hits, plan.Offset, plan.K, answer.Hits);
        answer.Timings = new SearchTimings
        {
            Embed = only.Embed,
            Search = only.Search,
            Fetch = only.Fetch,
            Total = Duration.FromTimeSpan(Stopwatch.GetElapsedTime(started)),
        };
        return answer;
    }

    private static SearchResponse Answer(
        KnownWorkspace workspace, SearchPlan plan, Gathered<SearchSlicesResponse> gathered, Encoder encoder,
        TimeSpan embed, long started)
    {
        var mergeStarted = Stopwatch.GetTimestamp();
        var answers = gathered.Answers;
        var stamps = new List<Stamp>();
        TimeSpan search = default, fetch = default;
        var version = 0L;
        foreach (var (group, response) in answers)
        {
            version = Math.Max(version, group.Target.SettingsVersion);
            stamps.AddRange(response.Stamps);
            search = Longer(search, response.Search);
            fetch = Longer(fetch, response.Fetch);
            // With a vector of ours every shard says that its caller made it: what we know is better.
            if (encoder == Encoder.Client)
                encoder = response.Encoder;
            if (embed == default)
                embed = Longer(embed, response.Embed);
        }

        var answer = new SearchResponse
        {
            Encoder = encoder,
            SettingsVersion = version,
            ConsistencyToken = ConsistencyToken.Of(workspace, stamps),
        };
        answer.MissingPartitions.AddRange(gathered.Missing);
        HitMerge.Merge(answers, plan.Offset, plan.K, answer.Hits);
        answer.Timings = new SearchTimings
        {
            Embed = Duration.FromTimeSpan(embed),
            Search = Duration.FromTimeSpan(search),
            Fetch = Duration.FromTimeSpan(fetch),
            Merge = Duration.FromTimeSpan(Stopwatch.GetElapsedTime(mergeStarted)),
            Total = Duration.FromTimeSpan(Stopwatch.GetElapsedTime(started)),
        };
        return answer;
    }

    private static TimeSpan Longer(TimeSpan known, Duration? other) =>
        other is not null && other.ToTimeSpan() is var time && time > known ? time : known;
}
