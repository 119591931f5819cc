using Rag.Internal.V1;
using Rag.Router.Chunks;
using Rag.Router.Shards;
using Rag.Router.Workspaces;
using Rag.V1;

namespace Rag.Router.Search;

/// <summary>
/// Scores the best hits anew by late interaction, on the shards that hold them, so that no vectors travel but the
/// search's own. Thread-safe.
/// </summary>
internal sealed class LateInteractionStage(ShardCaller shards, RouterOptions options)
{
    // A shard reads up to 128 KiB for each: a thousand at once would keep others waiting.
    private const int KeysOfCall = 250;

    private static readonly ShardOperation<Part, ScoreChunksResponse> Score = new(
        "ScoreChunks", OperationKind.Read,
        static (client, target, part, callOptions) =>
            client.ScoreChunksAsync(part.Plan.ToScoreRequest(target, part.Keys), callOptions))
    {
        WantedBy = static part => part.Plan.SeenStamps,
    };

    /// <summary>The best hits by their new scores, without those that have nothing to be scored by.</summary>
    public async Task<List<SearchHit>> ScoreAsync(
        KnownWorkspace workspace, SearchPlan plan, List<SearchHit> hits, CallScope scope)
    {
        var compared = HitGroups.Best(hits, plan.ComparedHits, plan.ChunksPerDocument);
        var scores = new float?[compared.Count];
        var batches = BucketBatches.Of(workspace, [.. compared.Select(static hit => hit.DocumentId)])
            .SelectMany(static batch => batch.Items.Chunk(KeysOfCall), static (batch, items) => (batch.Bucket, items));
        var limits = new ParallelOptions { MaxDegreeOfParallelism = options.ScatterParallelism };
        await Parallel.ForEachAsync(batches, limits, async (batch, _) =>
        {
            var keys = batch.items.Select(
                i => new ChunkKey { DocumentId = compared[i].DocumentId, ChunkId = compared[i].ChunkId });
            var answer = await shards.CallBucketAsync(
                workspace, batch.Bucket, new Part(plan, [.. keys]), Score, scope);
            for (var i = 0; i < batch.items.Length && i < answer.Response.Scores.Count; i++)
            {
                if (answer.Response.Scores[i] is { HasScore: true } score)
                    scores[batch.items[i]] = score.Score;
            }
        });
        var scored = new List<SearchHit>(compared.Count);
        for (var i = 0; i < scores.Length; i++)
        {
            if (scores[i] is not { } score)
                continue;
            compared[i].Score = score;
            scored.Add(compared[i]);
        }

        HitMerge.Sort(scored);
        return scored;
    }

    private sealed record Part(SearchPlan Plan, ChunkKey[] Keys);
}
