using System.Diagnostics;
using Google.Protobuf.WellKnownTypes;
using Rag.Embedding;
using Rag.Engine;
using Rag.Engine.Storage;
using Rag.Internal.V1;
using Rag.Shard.Embedding;
using Rag.Shard.Mapping;
using Rag.V1;

namespace Rag.Shard.Services;

/// <summary>
/// Searches the slices of one workspace that this shard holds. Thread-safe.
/// <code>
/// text ── full encoder ──► vector ──► each slice: filter, index, re-rank, fetch ──► merge by (score, key) ──► k hits
/// </code>
/// </summary>
internal sealed class SearchHandler(
    ShardStore store, SliceResolver resolver, ModelRegistry models, ShardOptions options)
{
    public async Task<SearchSlicesResponse> SearchAsync(SearchSlicesRequest request, CancellationToken ct)
    {
        var (slices, settings) = resolver.Resolve(request.Target);
        await store.WaitAsync(request.MinStamps, ct);
        var response = new SearchSlicesResponse();
        var started = Stopwatch.GetTimestamp();
        var vector = await VectorAsync(request, settings, response, ct);
        response.Embed = Duration.FromTimeSpan(Stopwatch.GetElapsedTime(started));
        var query = ToQuery(request, vector);
        var answers = slices.Length == 1
            ? [await store.SearchAsync(slices[0], query, ct)]
            : await SearchAllAsync(slices, query, ct);
        Merge(request, slices, answers, response);
        return response;
    }

    private async ValueTask<ReadOnlyMemory<float>> VectorAsync(
        SearchSlicesRequest request, WorkspaceSettings settings, SearchSlicesResponse response, CancellationToken ct)
    {
        if (request.Vector.Length > 0)
        {
            response.Encoder = Encoder.Client;
            return VectorMapping.Unpack(request.Vector, request.Space);
        }

        var profile = WorkspaceProfile.Of(settings);
        if (!profile.Models.TryGetValue(request.Space, out var name))
        {
            throw new InvalidInputException(settings.FindSpace(request.Space) is null
                ? $"The workspace has no vector space '{request.Space}'."
                : $"Space '{request.Space}' has no model to embed text with; search it by a vector.");
        }

        var model = models.Get(name);
        var kind = model.Choose(request.Encoder);
        response.Encoder = kind == EncoderKind.Lookup ? Encoder.Lookup : Encoder.Full;
        return await model.Embedder.EncodeQueryAsync(request.Text, kind, ct);
    }

    private async Task<SearchAnswer[]> SearchAllAsync(SliceId[] slices, SearchQuery query, CancellationToken ct)
    {
        var answers = new SearchAnswer[slices.Length];
        var limits = new ParallelOptions { MaxDegreeOfParallelism = options.SearchParallelism, CancellationToken = ct };
        await Parallel.ForAsync(0, slices.Length, limits,
            async (i, token) => answers[i] = await store.SearchAsync(slices[i], query, token));
        return answers;
    }

    private static SearchQuery ToQuery(SearchSlicesRequest request, ReadOnlyMemory<float> vector) => new()
    {
        Space = request.Space,
        Vector = vector,
        K = request.K,
        Filter = FilterMapping.ToEngine(request.Filter),
        ScoreThreshold = request.HasScoreThreshold ? request.ScoreThreshold : null,
        Ef = request.EffortCase == SearchSlicesRequest.EffortOneofCase.Ef ? request.Ef : 0,
        RecallTarget = request.EffortCase == SearchSlicesRequest.EffortOneofCase.RecallTarget ? request.RecallTarget : 0,
        Exact = request.EffortCase == SearchSlicesRequest.EffortOneofCase.Exact && request.Exact,
        Return = ChunkMapping.ToFields(request.ReturnFields),
    };

    private static void Merge(
        SearchSlicesRequest request, SliceId[] slices, SearchAnswer[] answers, SearchSlicesResponse response)
    {
        TimeSpan search = default, fetch = default;
        for (var i = 0; i < answers.Length; i++)
        {
            var work = answers[i].Work;
            search = Max(search, work.FilterTime + work.SearchTime);
            fetch = Max(fetch, work.FetchTime);
            response.Stamps.Add(WriteHandler.ToProto(slices[i].Partition, answers[i].Stamp));
        }

        response.Search = Duration.FromTimeSpan(search);
        response.Fetch = Duration.FromTimeSpan(fetch);
        var hits = answers[0].Hits;
        if (answers.Length > 1)
        {
            var all = answers.SelectMany(answer => answer.Hits).ToList();
            all.Sort(static (left, right) => left.Score != right.Score
                ? right.Score.CompareTo(left.Score)
                : left.Key.CompareTo(right.Key));
            hits = all;
        }

        var count = Math.Min(request.K, hits.Count);
        for (var i = 0; i < count; i++)
            response.Hits.Add(ChunkMapping.ToProto(hits[i], request.ReturnFields));
    }

    private static TimeSpan Max(TimeSpan left, TimeSpan right) => left > right ? left : right;
}
