using System.Diagnostics;
using Google.Protobuf.Collections;
using Google.Protobuf.WellKnownTypes;
using Rag.Embedding;
using Rag.Engine;
using Rag.Engine.Sparse;
using Rag.Engine.Storage;
using Rag.Internal.V1;
using Rag.Shard.Embedding;
using Rag.Shard.Errors;
using Rag.Shard.Mapping;
using Rag.Shard.Refinement;
using Rag.V1;

namespace Rag.Shard.Services;

/// <summary>
/// Searches the slices of one workspace that this shard holds. Thread-safe.
/// <code>
/// text ── full encoder ──► vector ──► each slice: filter, index, re-rank, fetch ──► merge by (score, key) ──► k hits
/// text ── what its words weigh in all slices ──► each slice: filter, postings, fetch ──► merge ──► k hits
/// sparse vector ──► each slice: filter, postings, fetch ──► merge ──► k hits
/// </code>
/// </summary>
internal sealed class SearchHandler(
    ShardStore store, SliceResolver resolver, ModelRegistry models, SearchActivity activity, ShardOptions options)
{
    /// <param name="deadline">UTC.</param>
    public async Task<SearchSlicesResponse> SearchAsync(
        SearchSlicesRequest request, DateTime deadline, CancellationToken ct)
    {
        var (slices, settings) = resolver.Resolve(request.Target);
        var profile = WorkspaceProfile.Of(settings);
        await store.WaitAsync(request.MinStamps, ct);
        using var underWay = activity.Begin(slices[0].WorkspaceUid);
        var response = new SearchSlicesResponse();
        if (request.Mode is not SearchMode.Sparse)
        {
            var started = Stopwatch.GetTimestamp();
            var vector = await VectorAsync(request, profile, response, deadline, ct);
            response.Embed = Duration.FromTimeSpan(Stopwatch.GetElapsedTime(started));
            var answers = await SearchAllAsync(slices, ToQuery(request, profile) with { Vector = vector }, ct);
            Merge(request, profile, slices, answers, response, response.Hits);
        }

        var isHybrid = request.Mode is SearchMode.Hybrid;
        if (isHybrid ? !request.NoWords : request.Mode is SearchMode.Sparse && request.SparseVector is null)
        {
            var query = ToQuery(request, profile) with
            {
                Text = request.Text,
                TextStatistics = await StatisticsAsync(request, slices, ct),
                Bm25 = TextStatisticsMapping.ToEngine(request.Bm25),
            };
            if (isHybrid)
                query = query with { ScoreThreshold = request.HasTextThreshold ? request.TextThreshold : null };
            var answers = await SearchAllAsync(slices, query, ct);
            Merge(request, profile, slices, answers, response, isHybrid ? response.TextHits : response.Hits);
        }

        if (request.SparseVector is not null && request.Mode is SearchMode.Sparse or SearchMode.Hybrid)
        {
            var query = ToQuery(request, profile) with { Sparse = VectorMapping.ToEngine(request.SparseVector) };
            if (isHybrid)
                query = query with { ScoreThreshold = request.HasSparseVectorThreshold ? request.SparseVectorThreshold : null };
            var answers = await SearchAllAsync(slices, query, ct);
            Merge(request, profile, slices, answers, response, isHybrid ? response.SparseVectorHits : response.Hits);
        }

        return response;
    }

    public async Task<GetTextStatisticsResponse> GetTextStatisticsAsync(
        GetTextStatisticsRequest request, CancellationToken ct)
    {
        var (slices, _) = resolver.Resolve(request.Target);
        await store.WaitAsync(request.MinStamps, ct);
        return new GetTextStatisticsResponse
        {
            Statistics = TextStatisticsMapping.ToProto(await StatisticsAsync(slices, request.Text, ct)),
        };
    }

    // One slice alone knows itself; several have to agree on what a word weighs.
    private async ValueTask<SparseStatistics?> StatisticsAsync(
        SearchSlicesRequest request, SliceId[] slices, CancellationToken ct)
    {
        if (request.TextStatistics is { } given)
            return TextStatisticsMapping.ToEngine(given);
        return slices.Length == 1 ? null : await StatisticsAsync(slices, request.Text, ct);
    }

    private async ValueTask<SparseStatistics> StatisticsAsync(SliceId[] slices, string text, CancellationToken ct)
    {
        var sum = await store.GetTextStatisticsAsync(slices[0], text, ct);
        for (var i = 1; i < slices.Length; i++)
            sum = sum.Plus(await store.GetTextStatisticsAsync(slices[i], text, ct));
        return sum;
    }

    private async ValueTask<ReadOnlyMemory<float>> VectorAsync(
        SearchSlicesRequest request, WorkspaceProfile profile, SearchSlicesResponse response, DateTime deadline,
        CancellationToken ct)
    {
        if (request.VectorModel.Length > 0 && profile.Find(request.Space)?.Model != request.VectorModel)
        {
            throw ShardStatus.Refuse(ShardStatus.StaleSettings,
                $"The vector is of model {request.VectorModel}, and space '{request.Space}' has another one here.");
        }

        if (request.Vector.Length > 0)
        {
            response.Encoder = Encoder.Client;
            return VectorMapping.Unpack(request.Vector, request.Space);
        }

        if (profile.Find(request.Space) is not { Model.Length: > 0 } space)
        {
            throw new InvalidInputException(profile.Find(request.Space) is null
                ? $"The workspace has no vector space '{request.Space}'."
                : $"Space '{request.Space}' has no model to embed text with; search it by a vector.");
        }

        var model = models.Get(space.Model);
        var query = await model.EncodeQueryAsync(request.Text, request.Encoder, request.KeepEncoder, deadline, ct);
        response.Encoder = query.Encoder == EncoderKind.Lookup ? Encoder.Lookup : Encoder.Full;
        response.EncoderFallback = query.FellBack;
        return query.Vector;
    }

    private async Task<SearchAnswer[]> SearchAllAsync(SliceId[] slices, SearchQuery query, CancellationToken ct)
    {
        if (slices.Length == 1)
            return [await store.SearchAsync(slices[0], query, ct)];
        var answers = new SearchAnswer[slices.Length];
        var limits = new ParallelOptions { MaxDegreeOfParallelism = options.SearchParallelism, CancellationToken = ct };
        await Parallel.ForAsync(0, slices.Length, limits,
            async (i, token) => answers[i] = await store.SearchAsync(slices[i], query, token));
        return answers;
    }

    private static SearchQuery ToQuery(SearchSlicesRequest request, WorkspaceProfile profile) => new()
    {
        Space = profile.IndexOf(request.Space),
        K = request.K,
        Filter = FilterMapping.ToEngine(request.Filter),
        ScoreThreshold = request.HasScoreThreshold ? request.ScoreThreshold : null,
        Ef = request.EffortCase == SearchSlicesRequest.EffortOneofCase.Ef ? request.Ef : 0,
        RecallTarget = request.EffortCase == SearchSlicesRequest.EffortOneofCase.RecallTarget ? request.RecallTarget : 0,
        Exact = request.EffortCase == SearchSlicesRequest.EffortOneofCase.Exact && request.Exact,
        Return = ChunkMapping.ToFields(request.ReturnFields),
        ChunksPerDocument = request.ChunksPerDocument,
        Excluded = [.. request.Excluded.Select(key => ChunkMapping.ToKey(key.DocumentId, key.ChunkId))],
        After = request.After is not { Key: not null } place
            ? null
            : new Engine.SearchPlace(
                place.Score, ChunkMapping.ToKey(place.Key.DocumentId, place.Key.ChunkId), place.Rank),
    };

    private static void Merge(
        SearchSlicesRequest request, WorkspaceProfile profile, SliceId[] slices, SearchAnswer[] answers,
        SearchSlicesResponse response, RepeatedField<V1.SearchHit> merged)
    {
        // The lists of a hybrid search are made one after the other, and its position is that of the first.
        var isFirst = response.Stamps.Count == 0;
        TimeSpan search = default, fetch = default;
        for (var i = 0; i < answers.Length; i++)
        {
            var work = answers[i].Work;
            search = Max(search, work.FilterTime + work.SearchTime);
            fetch = Max(fetch, work.FetchTime);
            if (isFirst)
                response.Stamps.Add(WriteHandler.ToProto(slices[i].Partition, answers[i].Stamp));
        }

        response.Search = Duration.FromTimeSpan(search + (response.Search?.ToTimeSpan() ?? default));
        response.Fetch = Duration.FromTimeSpan(fetch + (response.Fetch?.ToTimeSpan() ?? default));
        var hits = answers[0].Hits;
        if (answers.Length > 1)
        {
            var all = answers.SelectMany(answer => answer.Hits).ToList();
            all.Sort(static (left, right) => left.Score != right.Score
                ? right.Score.CompareTo(left.Score)
                : left.Key.CompareTo(right.Key));
            hits = all;
        }

        if (request.ChunksPerDocument > 0 && answers.Length > 1)
        {
            hits = BestDocuments(hits, request.K);
        }
        else if (request.ChunksPerDocument == 0 && hits.Count > request.K)
        {
            hits = [.. hits.Take(request.K)];
        }

        foreach (var hit in hits)
            merged.Add(ChunkMapping.ToProto(hit, request.ReturnFields, profile));
    }

    // Every hit of the k documents that come first.
    private static List<Engine.SearchHit> BestDocuments(IReadOnlyList<Engine.SearchHit> hits, int k)
    {
        var documents = new HashSet<string>(StringComparer.Ordinal);
        var kept = new List<Engine.SearchHit>();
        foreach (var hit in hits)
        {
            if (documents.Count < k)
                documents.Add(hit.Key.DocumentId);
            if (documents.Contains(hit.Key.DocumentId))
                kept.Add(hit);
        }

        return kept;
    }

    private static TimeSpan Max(TimeSpan left, TimeSpan right) => left > right ? left : right;
}
