using Google.Protobuf.Collections;
using Google.Protobuf.WellKnownTypes;
using Rag.Engine;
using Rag.Engine.Storage;
using Rag.Internal.V1;
using Rag.Shard.Mapping;
using Rag.Shard.Refinement;
using Rag.V1;
using ChunkKey = Rag.Engine.ChunkKey;

namespace Rag.Shard.Services;

/// <summary>Chunks by key, in order, counted, and what slices weigh. Thread-safe.</summary>
internal sealed class ReadHandler(
    ShardStore store, SliceResolver resolver, SurroundingsReader surroundings, RefinementLedger ledger)
{
    private const int MaxPageSize = 1000;

    public async Task<GetResponse> GetAsync(GetRequest request, CancellationToken ct)
    {
        var (slice, settings) = resolver.ResolveOne(request.Target);
        var profile = WorkspaceProfile.Of(settings);
        await store.WaitAsync(request.MinStamps, ct);
        var keys = request.Keys.Select(key => ChunkMapping.ToKey(key.DocumentId, key.ChunkId)).ToList();
        var fields = ChunkMapping.ToFields(request.ReturnFields);
        var response = new GetResponse();
        var read = request.Highlight is null ? fields : fields | Engine.ReturnFields.Text;
        var found = (await store.GetAsync(slice, keys, read, ct)).OfType<StoredChunk>().ToList();
        foreach (var chunk in found)
        {
            var shown = (fields & Engine.ReturnFields.Text) == 0 ? chunk with { Text = null } : chunk;
            response.Chunks.Add(ChunkMapping.ToProto(shown, request.ReturnFields, profile));
        }

        if (found.Count > 0 && (request.Highlight is not null || request.Neighbours > 0))
            await surroundings.AddAsync(slice, request, profile, found, response.Surroundings, ct);
        return response;
    }

    /// <summary>A page over several partitions: each gives a page, the smallest keys of all of them are the answer.</summary>
    public async Task<ListResponse> ListAsync(ListRequest request, CancellationToken ct)
    {
        var (slices, settings) = resolver.Resolve(request.Target);
        var profile = WorkspaceProfile.Of(settings);
        await store.WaitAsync(request.MinStamps, ct);
        if (request.PageSize is < 1 or > MaxPageSize)
            throw new InvalidInputException($"The page size must be 1 to {MaxPageSize}.");
        ChunkKey? after = request.After is null ? null : new ChunkKey(request.After.DocumentId, request.After.ChunkId);
        var document = request.DocumentId.Length == 0 ? null : request.DocumentId;
        var filter = FilterMapping.ToEngine(request.Filter);
        var fields = ChunkMapping.ToFields(request.ReturnFields);
        var found = new List<StoredChunk>();
        var more = false;
        foreach (var slice in slices)
        {
            var page = await store.ListAsync(slice, after, request.PageSize, document, filter, fields, ct);
            found.AddRange(page.Chunks);
            more |= page.Next is not null;
        }

        if (slices.Length > 1)
            found.Sort(static (left, right) => left.Key.CompareTo(right.Key));
        var response = new ListResponse { More = more || found.Count > request.PageSize };
        response.Chunks.AddRange(
            found.Take(request.PageSize)
                .Select(chunk => ChunkMapping.ToProto(chunk, request.ReturnFields, profile)));
        return response;
    }

    public async Task<CountResponse> CountAsync(CountRequest request, CancellationToken ct)
    {
        var (slices, _) = resolver.Resolve(request.Target);
        await store.WaitAsync(request.MinStamps, ct);
        var filter = FilterMapping.ToEngine(request.Filter);
        var document = request.DocumentId.Length == 0 ? null : request.DocumentId;
        var response = new CountResponse();
        foreach (var slice in slices)
            response.Count += await store.CountAsync(slice, filter, document, ct);
        return response;
    }

    public async Task<GetStatisticsResponse> GetStatisticsAsync(GetStatisticsRequest request, CancellationToken ct)
    {
        var (slices, settings) = resolver.Resolve(request.Target);
        var profile = WorkspaceProfile.Of(settings);
        var response = new GetStatisticsResponse();
        Rag.Engine.TermIndexStatistics text = default, sparse = default;
        foreach (var slice in slices)
        {
            var statistics = await store.GetStatisticsAsync(slice, ct);
            response.Chunks += statistics.Chunks;
            response.Documents += statistics.Documents;
            response.TextBytes += statistics.ContentBytes;
            response.MemoryBytes += statistics.MemoryBytes;
            response.TextIndexBytes += statistics.TextIndex.Bytes;
            text += statistics.TextIndex;
            sparse += statistics.SparseIndex;
            response.DiskBytes += statistics.SnapshotBytes;
            foreach (var space in statistics.Spaces)
            {
                if (profile.FindIndex(space.Name) is not { } known)
                    continue;
                if (!known.IsHidden)
                    Add(response.Spaces, space with { Name = known.Name });
                response.UnrefinedChunks += Unrefined(known, space, statistics.Chunks);
            }
        }

        (response.TextIndex, response.SparseIndex) = (ToProto(text), ToProto(sparse));
        response.RefinementRate = ledger.RateOf(slices[0].WorkspaceUid);
        if (ledger.TimeLeft(slices[0].WorkspaceUid, response.UnrefinedChunks) is { } left)
            response.RefinementTimeLeft = Duration.FromTimeSpan(left);
        return response;
    }

    private static V1.TermIndexStatistics ToProto(Rag.Engine.TermIndexStatistics index) => new()
    {
        Bytes = index.Bytes, Postings = index.Postings, Chunks = index.Documents,
    };

    private static long Unrefined(ProfileSpace known, Rag.Engine.SpaceStatistics space, long chunks) =>
        (known.IsRefined && known.Model.Length > 0 ? space.LookupVectors : 0)
        + (known.IsFilled ? Math.Max(0, chunks - space.Vectors) : 0);

    private static void Add(RepeatedField<SliceSpaceStatistics> totals, Rag.Engine.SpaceStatistics space)
    {
        var total = totals.FirstOrDefault(other => other.Name == space.Name);
        if (total is null)
            totals.Add(total = new SliceSpaceStatistics { Name = space.Name });
        total.Vectors += space.Vectors;
        total.Graph |= space.IsGraph;
        total.FullVectors += space.RefinedVectors;
        total.LookupVectors += space.LookupVectors;
        if (space.MeasuredRecall is { } recall)
        {
            total.MeasuredVectors += space.Vectors;
            total.MeasuredRecallSum += recall * space.Vectors;
        }
    }
}
