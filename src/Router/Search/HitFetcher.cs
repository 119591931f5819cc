using Google.Protobuf.Collections;
using Rag.Internal.V1;
using Rag.Router.Chunks;
using Rag.Router.Shards;
using Rag.Router.Workspaces;
using Rag.V1;

namespace Rag.Router.Search;

/// <summary>Reads what the hits of a hybrid search carry, once it is known which they are. Thread-safe.</summary>
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
        if (hits.Count == 0 || !(fields.Text || fields.Metadata || fields.Passage || fields.Vectors.Count > 0))
            return;
        var found = new Dictionary<(string, string), Chunk>(hits.Count);
        var batches = BucketBatches.Of(workspace, [.. hits.Select(hit => hit.DocumentId)]);
        var limits = new ParallelOptions { MaxDegreeOfParallelism = options.ScatterParallelism };
        await Parallel.ForEachAsync(batches, limits, async (batch, _) =>
        {
            foreach (var items in batch.Items.Chunk(Validation.Limits.Batch))
            {
                var keys = items.Select(i => new ChunkKey { DocumentId = hits[i].DocumentId, ChunkId = hits[i].ChunkId });
                var part = new Part(plan, [.. keys]);
                var answer = await shards.CallBucketAsync(workspace, batch.Bucket, part, Get, scope);
                lock (found)
                {
                    foreach (var chunk in answer.Response.Chunks)
                        found[(chunk.DocumentId, chunk.ChunkId)] = chunk;
                }
            }
        });
        for (var i = hits.Count - 1; i >= 0; i--)
        {
            if (found.TryGetValue((hits[i].DocumentId, hits[i].ChunkId), out var chunk))
                Fill(hits[i], chunk);
            else
                hits.RemoveAt(i);
        }
    }

    private static void Fill(SearchHit hit, Chunk chunk)
    {
        hit.Text = chunk.Text;
        hit.Metadata.Add(chunk.Metadata);
        hit.Vectors.Add(chunk.Vectors);
        hit.Passage = chunk.Passage;
        hit.Version = chunk.Version;
    }

    private sealed record Part(SearchPlan Plan, ChunkKey[] Keys);
}
