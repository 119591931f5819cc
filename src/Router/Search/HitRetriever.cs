using System.Diagnostics;
using Google.Protobuf.WellKnownTypes;
using Rag.Internal.V1;
using Rag.Router.Cursors;
using Rag.Router.Embedding;
using Rag.Router.Errors;
using Rag.Router.Shards;
using Rag.Router.Workspaces;
using Rag.V1;

namespace Rag.Router.Search;

/// <summary>
/// Has shards find hits, and makes one list of theirs. Thread-safe.
/// <code>
/// all partitions on one shard:  router ── text or vector ──► shard (embeds, searches, merges)
/// several shards:               router ── text ──► one shard embeds ── vector ──► every shard searches ──► merge
/// words, several shards:        router ── text ──► every shard says what they weigh ── sum ──► every shard searches
/// hybrid:                       all lists of each shard ──► merge each ──► mix
/// </code>
/// </summary>
internal sealed class HitRetriever(ShardCaller shards, TextEmbedder embedder)
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

    public async Task<RetrievedHits> RetrieveAsync(KnownWorkspace workspace, SearchPlan plan, CallScope scope)
    {
        var request = plan.Search;
        var embed = TimeSpan.Zero;
        var encoder = Encoder.Unspecified;
        var fellBack = false;
        var isSpread = workspace.RouteUnder(shards.Topology).Groups.Length > 1;
        if (plan.NeedsEmbedding && isSpread)
        {
            var started = Stopwatch.GetTimestamp();
            var space = workspace.FindSpace(request.Space)!;
            var embedded = await embedder.EmbedQueryAsync(
                space.Model, request.Text, request.Encoder, plan.IsPaged, scope);
            plan.SetVector(embedded.Vectors, space.Model);
            encoder = embedded.Encoder;
            fellBack = embedded.EncoderFallback;
            embed = Stopwatch.GetElapsedTime(started);
        }

        var partScope = request.AllowPartial ? scope.WithReserve() : scope;
        // A part that is asked for alone must not go by what words weigh in that part, and pages must agree.
        var canDiffer = isSpread || (request.AllowPartial && workspace.Partitions.Length > 1)
            || (plan.IsPaged && !plan.HasWindow);
        if (plan.HasWords && plan.Statistics is null && canDiffer)
            await WeighAsync(workspace, plan, partScope);
        while (true)
        {
            var gathered = await GatherAsync(workspace, plan, partScope);
            var mergeStarted = Stopwatch.GetTimestamp();
            plan.SetSeen([.. gathered.Answers.SelectMany(static part => part.Response.Stamps)]);
            var answer = AnswerOf(workspace, gathered, encoder, embed);
            answer.EncoderFallback = fellBack || gathered.Answers.Any(static part => part.Response.EncoderFallback);
            var lists = plan.Lists.Select(kind => new HitList(kind, HitMerge.Merge(
                [.. gathered.Answers.Select(part => kind.HitsOf(part.Response))], ListLength(plan)))).ToArray();
            if (!plan.IsHybrid)
                return Retrieved(answer, lists[0].Hits, null, mergeStarted);
            if (!plan.LookFurther(lists.Max(static list => list.Hits.Count)))
                return Mix(plan, answer, lists, mergeStarted);
        }
    }

    // Hits of a document stand behind one another only later: all of them are needed until then.
    private static int ListLength(SearchPlan plan) =>
        plan.IsHybrid && plan.ChunksPerDocument == 0 ? plan.Candidates : int.MaxValue;

    private static RetrievedHits Mix(
        SearchPlan plan, SearchResponse answer, HitList[] lists, long started)
    {
        var mix = plan.Cursor?.Mix;
        if (mix is not null)
            mix.Trim(lists);
        else if (plan.IsPaged && !plan.HasWindow)
            mix = FrozenMix.Of(lists, plan.Search.Fusion);
        var mixed = mix is null
            ? HitFusion.Fuse(lists, plan.Search.Fusion)
            : HitFusion.Fuse(lists, mix.Scales);
        return Retrieved(answer, mixed, mix, started);
    }

    private static RetrievedHits Retrieved(
        SearchResponse answer, List<SearchHit> hits, FrozenMix? mix, long mergeStarted)
    {
        answer.Timings.Merge = Duration.FromTimeSpan(Stopwatch.GetElapsedTime(mergeStarted));
        return new RetrievedHits(answer, hits, mix);
    }

    private async Task<Gathered<SearchSlicesResponse>> GatherAsync(
        KnownWorkspace workspace, SearchPlan plan, CallScope scope)
    {
        var allowPartial = plan.Search.AllowPartial;
        if (workspace.Partitions.Length == 1 && !allowPartial)
        {
            var only = new Gathered<SearchSlicesResponse>(allowMissing: false);
            only.Add(await shards.CallBucketAsync(workspace, 0, plan, SearchSlices, scope));
            return only;
        }

        var gathered = await shards.GatherAsync(workspace, plan, SearchSlices, scope, allowPartial);
        return gathered.Answers.Count > 0
            ? gathered
            : throw Refuse.Unavailable(
                $"None of the workspace's {gathered.Missing.Count} partitions can be reached: try again.");
    }

    // What the query's words weigh in all partitions that can be reached.
    private async Task WeighAsync(KnownWorkspace workspace, SearchPlan plan, CallScope scope)
    {
        var gathered = await shards.GatherAsync(
            workspace, plan, GetTextStatistics, scope, plan.Search.AllowPartial);
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

    // All of an answer but its hits.
    private static SearchResponse AnswerOf(
        KnownWorkspace workspace, Gathered<SearchSlicesResponse> gathered, Encoder encoder, TimeSpan embed)
    {
        var stamps = new List<Stamp>();
        TimeSpan search = default, fetch = default;
        var version = 0L;
        foreach (var (group, response) in gathered.Answers)
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

/// <summary>What the shards found.</summary>
/// <param name="Answer">All of the answer but its hits.</param>
/// <param name="Hits">Best first, more than are wanted.</param>
/// <param name="Mix">How lists were mixed, for the cursor; null where there is one, or no cursor.</param>
internal sealed record RetrievedHits(SearchResponse Answer, List<SearchHit> Hits, FrozenMix? Mix);
