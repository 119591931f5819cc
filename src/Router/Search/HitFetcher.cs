using Google.Protobuf.Collections;
using Rag.Internal.V1;
using Rag.Router.Chunks;
using Rag.Router.Shards;
using Rag.Router.Workspaces;
using Rag.V1;

namespace Rag.Router.Search;

/// <summary>Reads what hits carry, once it is known which they are. Thread-safe.</summary>
internal sealed class HitFetcher(ShardCaller shards, RouterOptions options)
{
    private static readonly ShardOperation<Part, GetResponse> Get = new(
        "Get", OperationKind.ShortRead,
        static (client, target, part, callOptions) =>
            client.GetAsync(part.Plan.ToGetRequest(target, part.Keys), callOptions))
    {
        WantedBy = static part => part.Plan.SeenStamps,
    };

    /// <summary>
    /// Fills in <paramref name="hits"/>. A chunk that was deleted since it was found is taken out: the search as a whole
    /// then came after that.
    /// </summary>
    public async Task FetchAsync(
        KnownWorkspace workspace, SearchPlan plan, RepeatedField<SearchHit> hits, CallScope scope)
    {
        var fields = plan.ReturnFields;
        var hasFields = fields.Text || fields.MultiVector || fields.Metadata || fields.Passage || fields.Vectors.Count > 0
            || fields.SparseVector;
        // Hits of a page that was made earlier may be gone, whatever is wanted of them.
        if (hits.Count == 0 || !(hasFields || plan.HasSurroundings || plan.Window is not null))
            return;
        var found = new Dictionary<(string, string), (Chunk Chunk, ChunkSurroundings? Around)>(hits.Count);
        var most = Validation.Limits.Batch / (1 + 2 * plan.Search.Neighbours);
        var batches = BucketBatches.Of(workspace, [.. hits.Select(hit => hit.DocumentId)]);
        var limits = new ParallelOptions { MaxDegreeOfParallelism = options.ScatterParallelism };
        await Parallel.ForEachAsync(batches, limits, async (batch, _) =>
        {
            foreach (var items in batch.Items.Chunk(most))
            {
                var keys = items.Select(i => new ChunkKey { DocumentId = hits[i].DocumentId, ChunkId = hits[i].ChunkId });
                var part = new Part(plan, [.. keys]);
                var answer = await shards.CallBucketAsync(workspace, batch.Bucket, part, Get, scope);
                lock (found)
                {
                    var (chunks, around) = (answer.Response.Chunks, answer.Response.Surroundings);
                    for (var i = 0; i < chunks.Count; i++)
                        found[(chunks[i].DocumentId, chunks[i].ChunkId)] = (chunks[i], around.Count > i ? around[i] : null);
                }
            }
        });
        for (var i = hits.Count - 1; i >= 0; i--)
        {
            if (found.TryGetValue((hits[i].DocumentId, hits[i].ChunkId), out var read))
                Fill(hits[i], read.Chunk, read.Around);
            else
                hits.RemoveAt(i);
        }
    }

    private static void Fill(SearchHit hit, Chunk chunk, ChunkSurroundings? around)
    {
        hit.Text = chunk.Text;
        hit.Metadata.Add(chunk.Metadata);
        hit.Vectors.Add(chunk.Vectors);
        hit.SparseVector = chunk.SparseVector;
        hit.Passage = chunk.Passage;
        hit.MultiVector = chunk.MultiVector;
        hit.Version = chunk.Version;
        if (around is null)
            return;
        hit.Snippet = around.Snippet;
        hit.ChunksBefore.Add(around.Before);
        hit.ChunksAfter.Add(around.After);
    }

    private sealed record Part(SearchPlan Plan, ChunkKey[] Keys);
}
