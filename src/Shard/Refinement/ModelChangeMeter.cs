using Rag.Embedding;
using Rag.Engine;
using Rag.Engine.Storage;
using Rag.Internal.V1;
using Rag.Shard.Embedding;
using Rag.Shard.Mapping;
using Rag.Shard.Services;
using ReturnFields = Rag.Engine.ReturnFields;
using SearchQuery = Rag.Engine.SearchQuery;

namespace Rag.Shard.Refinement;

/// <summary>
/// How far a space is on its way to another model, and how alike the two rank: the texts of some chunks are searched for
/// with either. Thread-safe.
/// </summary>
internal sealed class ModelChangeMeter(ShardStore store, SliceResolver resolver, ModelRegistry models)
{
    private const int K = 10;

    // Samples come from the first so many keys of the first slice, evenly.
    private const int KeysLookedAt = 1000;

    // As long as a question may be.
    private const int QueryCharacters = 256;

    public async Task<MeasureModelChangeResponse> MeasureAsync(MeasureModelChangeRequest request, CancellationToken ct)
    {
        var (slices, settings) = resolver.Resolve(request.Target);
        var profile = WorkspaceProfile.Of(settings);
        var target = profile.Spaces.FirstOrDefault(space => space.IsHidden)
            ?? throw new InvalidInputException("No space of the workspace is on its way to another model.");
        var former = profile.Find(target.Name)
            ?? throw new InvalidInputException($"The workspace has no vector space '{target.Name}'.");
        var response = new MeasureModelChangeResponse { Complete = true };
        foreach (var slice in slices)
        {
            var statistics = await store.GetStatisticsAsync(slice, ct);
            response.Chunks += statistics.Chunks;
            response.MovedChunks += statistics.Spaces.FirstOrDefault(space => space.Name == target.Index)?.Vectors ?? 0;
            response.Complete = response.Complete && await IsCompleteAsync(slice, target.Index, ct);
        }

        if (request.Samples > 0)
            await CompareAsync(slices, former, target, request.Samples, response, ct);
        return response;
    }

    private async Task<bool> IsCompleteAsync(SliceId slice, string index, CancellationToken ct)
    {
        for (var from = 0; from >= 0;)
        {
            var page = await store.ReadUnrefinedAsync(slice, index, VectorGap.Missing, from, 1, ct);
            if (page.Chunks.Count > 0)
                return false;
            from = page.Next;
        }

        return true;
    }

    private async Task CompareAsync(
        SliceId[] slices, ProfileSpace former, ProfileSpace target, int samples, MeasureModelChangeResponse response,
        CancellationToken ct)
    {
        var keys = (await store.ListAsync(slices[0], null, KeysLookedAt, null, null, ReturnFields.None, ct)).Chunks;
        var overlaps = 0.0;
        for (var i = 0; i < Math.Min(samples, keys.Count); i++)
        {
            var key = keys[(int)((long)i * keys.Count / Math.Min(samples, keys.Count))].Key;
            var chunk = (await store.GetAsync(slices[0], [key], ReturnFields.Text, ct))[0];
            if (chunk?.Text is not { Length: > 0 } text)
                continue;
            var query = text[..Math.Min(text.Length, QueryCharacters)];
            var one = await FindAsync(slices, former, key, query, ct);
            var other = await FindAsync(slices, target, key, query, ct);
            if (Math.Max(one.Count, other.Count) is > 0 and var found)
            {
                overlaps += one.Count(other.Contains) / (double)found;
                response.Samples++;
            }
        }

        response.Overlap = response.Samples == 0 ? 0 : overlaps / response.Samples;
    }

    // The best chunks besides the one that was asked with.
    private async Task<HashSet<Rag.Engine.ChunkKey>> FindAsync(
        SliceId[] slices, ProfileSpace space, Rag.Engine.ChunkKey asked, string text, CancellationToken ct)
    {
        var model = models.Get(space.Model);
        var vector = await model.Embedder.EncodeQueryAsync(text, model.Choose(V1.Encoder.Unspecified), ct);
        var hits = new List<Rag.Engine.SearchHit>();
        foreach (var slice in slices)
        {
            var query = new SearchQuery { Space = space.Index, Vector = vector, K = K + 1 };
            hits.AddRange((await store.SearchAsync(slice, query, ct)).Hits);
        }

        return [.. hits.Where(hit => hit.Key != asked).OrderByDescending(hit => hit.Score).Take(K).Select(hit => hit.Key)];
    }
}
