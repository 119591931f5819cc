using System.Diagnostics;
using Google.Protobuf.Collections;
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
/// words, several shards:        router ── text ──► every shard says what they weigh ── sum ──► every shard searches
/// hybrid:                       both lists of each shard ──► merge each ──► mix ──► read what the hits carry
/// </code>
/// </summary>
internal sealed class SearchHandler(
    ShardCaller shards, WorkspaceDirectory directory, TextEmbedder embedder, HitFetcher fetcher)
{
    private static readonly ShardOperation<SearchPlan, SearchSlicesResponse> SearchSlices = new(
        "SearchSlices", OperationKind.ShortRead,
        static (client, target, plan, options) => client.SearchSlicesAsync(plan.ToRequest(target), options))
    {
        PositionsOf = static response => response.Stamps,
        WantedBy = static plan => plan.MinStamps,
    };

    private static readonly ShardOperation<SearchPlan, GetTextStatisticsResponse> GetTextStatistics = new(
        "GetTextStatistics", OperationKind.ShortRead,
        static (client, target, plan, options) =>
            client.GetTextStatisticsAsync(plan.ToStatisticsRequest(target), options))
    {
        WantedBy = static plan => plan.MinStamps,
    };

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
            if (!plan.IsHybrid)
                return Answer(workspace, plan, only, started);
            var all = new Gathered<SearchSlicesResponse>(allowMissing: false);
            all.Add(only);
            return await MixAsync(workspace, plan, all, Answer(workspace, plan, all, default, default), scope, started);
        }

        var embed = TimeSpan.Zero;
        var encoder = Encoder.Client;
        var isSpread = workspace.RouteUnder(shards.Topology).Groups.Length > 1;
        if (plan.NeedsEmbedding && isSpread)
        {
            var space = workspace.FindSpace(request.Space)!;
            var embedded = await embedder.EmbedQueryAsync(space.Model, request.Text, request.Encoder, scope);
            plan.SetVector(embedded.Vectors);
            encoder = embedded.Encoder;
            embed = Stopwatch.GetElapsedTime(started);
        }

        var partScope = request.AllowPartial ? scope.WithReserve() : scope;
        // A part that is asked for alone must not go by what words weigh in that part.
        if (plan.HasWords && (isSpread || request.AllowPartial))
            await WeighAsync(workspace, plan, partScope, request.AllowPartial);
        var gathered = await shards.GatherAsync(workspace, plan, SearchSlices, partScope, request.AllowPartial);
        if (gathered.Answers.Count == 0)
        {
            throw Refuse.Unavailable(
                $"None of the workspace's {gathered.Missing.Count} partitions can be reached: try again.");
        }

        var answer = Answer(workspace, plan, gathered, encoder, embed);
        if (plan.IsHybrid)
            return await MixAsync(workspace, plan, gathered, answer, scope, started);
        var mergeStarted = Stopwatch.GetTimestamp();
        HitMerge.Merge([.. gathered.Answers.Select(part => part.Response.Hits)], plan.Offset, plan.K, answer.Hits);
        answer.Timings.Merge = Duration.FromTimeSpan(Stopwatch.GetElapsedTime(mergeStarted));
        answer.Timings.Total = Duration.FromTimeSpan(Stopwatch.GetElapsedTime(started));
        return answer;
    }

    // What the query's words weigh in all partitions that can be reached.
    private async Task WeighAsync(KnownWorkspace workspace, SearchPlan plan, CallScope scope, bool allowMissing)
    {
        var gathered = await shards.GatherAsync(workspace, plan, GetTextStatistics, scope, allowMissing);
        var sum = new TextStatistics();
        foreach (var (_, response) in gathered.Answers)
        {
            var part = response.Statistics;
            sum.Documents += part.Documents;
            sum.TotalLength += part.TotalLength;
            for (var i = 0; i < part.DocumentCounts.Count; i++)
            {
                if (i == sum.DocumentCounts.Count)
                    sum.DocumentCounts.Add(0);
                sum.DocumentCounts[i] += part.DocumentCounts[i];
            }
        }

        if (gathered.Answers.Count > 0)
            plan.SetStatistics(sum);
    }

    private async Task<SearchResponse> MixAsync(
        KnownWorkspace workspace, SearchPlan plan, Gathered<SearchSlicesResponse> gathered, SearchResponse answer,
        CallScope scope, long started)
    {
        var mergeStarted = Stopwatch.GetTimestamp();
        var dense = new RepeatedField<SearchHit>();
        var sparse = new RepeatedField<SearchHit>();
        HitMerge.Merge([.. gathered.Answers.Select(part => part.Response.Hits)], 0, plan.Candidates, dense);
        HitMerge.Merge([.. gathered.Answers.Select(part => part.Response.TextHits)], 0, plan.Candidates, sparse);
        var fused = HitFusion.Fuse(dense, sparse, plan.Search.Fusion);
        for (var i = plan.Offset; i < fused.Count && i < plan.Offset + plan.K; i++)
        {
            if (!plan.Search.HasScoreThreshold || fused[i].Score >= plan.Search.ScoreThreshold)
                answer.Hits.Add(fused[i]);
        }

        var fetchStarted = Stopwatch.GetTimestamp();
        plan.SetSeen([.. gathered.Answers.SelectMany(static part => part.Response.Stamps)]);
        await fetcher.FetchAsync(workspace, plan, answer.Hits, scope);
        answer.Timings.Merge = Duration.FromTimeSpan(Stopwatch.GetElapsedTime(mergeStarted, fetchStarted));
        answer.Timings.Fetch = Duration.FromTimeSpan(Stopwatch.GetElapsedTime(fetchStarted));
        answer.Timings.Total = Duration.FromTimeSpan(Stopwatch.GetElapsedTime(started));
        return answer;
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

    // All of an answer but its hits.
    private static SearchResponse Answer(
        KnownWorkspace workspace, SearchPlan plan, Gathered<SearchSlicesResponse> gathered, Encoder encoder,
        TimeSpan embed)
    {
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
            if (encoder is Encoder.Client or Encoder.Unspecified)
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
        answer.Timings = new SearchTimings
        {
            Embed = Duration.FromTimeSpan(embed),
            Search = Duration.FromTimeSpan(search),
            Fetch = Duration.FromTimeSpan(fetch),
        };
        return answer;
    }

    private static TimeSpan Longer(TimeSpan known, Duration? other) =>
        other is not null && other.ToTimeSpan() is var time && time > known ? time : known;
}
