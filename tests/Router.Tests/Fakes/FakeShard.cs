using System.Runtime.InteropServices;
using Google.Protobuf;
using Grpc.Core;
using Rag.Internal.V1;
using Rag.V1;

namespace Rag.Router.Tests.Fakes;

/// <summary>
/// A shard in memory that keeps the promises of shard_service.proto as a plain model would: exact search, strict
/// settings versions, mutations applied once. A test makes it fail through <see cref="Before"/>.
/// </summary>
// Over 400 lines: one fake of one whole service, a method a call.
internal sealed class FakeShard(string name) : ShardService.ShardServiceBase
{
    private Lock _lock = new();
    private Dictionary<(Guid Uid, int Partition), FakeSlice> _slices = [];
    private readonly List<string> _calls = [];

    public string Name => name;

    /// <summary>Runs before each call: may wait or throw. Gets the method's name and the request.</summary>
    public Func<string, IMessage, ServerCallContext, Task> Before { get; set; } = (_, _, _) => Task.CompletedTask;

    /// <summary>Most chunks of one page, whatever is asked for: a page may be short and still not be the last.</summary>
    public int PageLimit { get; set; } = int.MaxValue;

    public string WriteFault { get; set; } = "";

    /// <summary>Names of the methods called so far.</summary>
    public IReadOnlyList<string> Calls
    {
        get
        {
            lock (_lock)
                return [.. _calls];
        }
    }

    public int Slices
    {
        get
        {
            lock (_lock)
                return _slices.Count;
        }
    }

    /// <summary>Takes copies of another shard's slices, as a move of partitions does.</summary>
    public void CopyFrom(FakeShard other)
    {
        lock (_lock)
        {
            foreach (var (key, slice) in other._slices)
                _slices[key] = slice;
        }
    }

    /// <summary>Shares everything with another shard from now on, as a replica that is never behind.</summary>
    public void Join(FakeShard other)
    {
        other.CopyFrom(this);
        (_lock, _slices) = (other._lock, other._slices);
    }

    /// <summary>All chunks of a workspace on this shard.</summary>
    public int CountOf(Guid uid)
    {
        lock (_lock)
            return _slices.Where(slice => slice.Key.Uid == uid).Sum(slice => slice.Value.Chunks.Count);
    }

    /// <summary>Settings versions of a workspace by partition.</summary>
    public Dictionary<int, long> VersionsOf(Guid uid)
    {
        lock (_lock)
        {
            return _slices.Where(slice => slice.Key.Uid == uid)
                .ToDictionary(slice => slice.Key.Partition, slice => slice.Value.Settings.Version);
        }
    }

    public override async Task<PutSettingsResponse> PutSettings(PutSettingsRequest request, ServerCallContext context)
    {
        await EnterAsync(nameof(PutSettings), request, context);
        var response = new PutSettingsResponse();
        var uid = Guid.Parse(request.Settings.Uid);
        lock (_lock)
        {
            foreach (var partition in request.Partitions)
            {
                if (!_slices.TryGetValue((uid, partition), out var slice))
                    _slices.Add((uid, partition), slice = new FakeSlice());
                if (request.Settings.Version >= slice.Settings.Version)
                    slice.Settings = request.Settings;
                if (slice.Settings.State == WorkspaceState.Deleting)
                    slice.Chunks.Clear();
                response.Stamps.Add(Next(slice, partition));
            }
        }

        return response;
    }

    public override async Task<UpsertResponse> Upsert(UpsertRequest request, ServerCallContext context)
    {
        await EnterAsync(nameof(Upsert), request, context);
        lock (_lock)
        {
            var (partition, slice) = Resolve(request.Target).Single();
            var id = request.MutationId.ToBase64();
            if (slice.Applied.TryGetValue(id, out var former))
                return (UpsertResponse)former;
            var response = new UpsertResponse { Stamp = Next(slice, partition) };
            foreach (var write in request.Chunks)
                response.Results.Add(Write(slice, write, request.Encoder));
            slice.Applied.Add(id, response);
            return response;
        }
    }

    public override async Task<DeleteResponse> Delete(DeleteRequest request, ServerCallContext context)
    {
        await EnterAsync(nameof(Delete), request, context);
        lock (_lock)
        {
            var response = new DeleteResponse();
            foreach (var (partition, slice) in Resolve(request.Target))
            {
                var gone = slice.Chunks.Where(entry =>
                    request.Keys.Any(key => key.ChunkId == entry.Key.Chunk && DocumentOf(key) == entry.Key.Document)
                    || request.DocumentIds.Contains(entry.Key.Document)
                    || (request.Filter is not null && FakeFilter.Accepts(request.Filter, entry.Value))).ToList();
                foreach (var entry in gone)
                    slice.Chunks.Remove(entry.Key);
                response.DeletedCount += gone.Count;
                response.Stamps.Add(Next(slice, partition));
            }

            return response;
        }
    }

    public override async Task<StageChunksResponse> StageChunks(StageChunksRequest request, ServerCallContext context)
    {
        await EnterAsync(nameof(StageChunks), request, context);
        lock (_lock)
        {
            var (partition, slice) = Resolve(request.Target).Single();
            var key = (request.DocumentId, request.Generation.ToBase64());
            if (!slice.Staged.TryGetValue(key, out var staged))
                slice.Staged.Add(key, staged = []);
            staged.AddRange(request.Chunks);
            return new StageChunksResponse { Stamp = Next(slice, partition) };
        }
    }

    public override async Task<CommitDocumentResponse> CommitDocument(
        CommitDocumentRequest request, ServerCallContext context)
    {
        await EnterAsync(nameof(CommitDocument), request, context);
        lock (_lock)
        {
            var (partition, slice) = Resolve(request.Target).Single();
            if (!slice.Staged.Remove((request.DocumentId, request.Generation.ToBase64()), out var staged))
                staged = [];
            if (staged.Count != request.ExpectedChunks)
                throw new RpcException(new Status(StatusCode.FailedPrecondition, "Other chunks were staged."));
            foreach (var key in slice.Chunks.Keys.Where(key => key.Document == request.DocumentId).ToList())
                slice.Chunks.Remove(key);
            var stamp = Next(slice, partition);
            foreach (var chunk in staged)
                Write(slice, new ChunkWrite { Chunk = chunk }, Encoder.Unspecified);
            return new CommitDocumentResponse { Version = (long)stamp.Sequence, Stamp = stamp };
        }
    }

    public override async Task<AbortDocumentResponse> AbortDocument(
        AbortDocumentRequest request, ServerCallContext context)
    {
        await EnterAsync(nameof(AbortDocument), request, context);
        lock (_lock)
            Resolve(request.Target).Single().Slice.Staged.Remove((request.DocumentId, request.Generation.ToBase64()));
        return new AbortDocumentResponse();
    }

    public override async Task<SearchSlicesResponse> SearchSlices(
        SearchSlicesRequest request, ServerCallContext context)
    {
        await EnterAsync(nameof(SearchSlices), request, context);
        var query = request.Vector.IsEmpty ? FakeScoring.Embed(request.Text) : FakeScoring.ToFloats(request.Vector);
        lock (_lock)
        {
            if (request.Mode is SearchMode.Sparse)
                return FindWords(request);
            var response = new SearchSlicesResponse
            {
                Encoder = request.Vector.IsEmpty ? Encoder.Full : Encoder.Client,
                Search = Google.Protobuf.WellKnownTypes.Duration.FromTimeSpan(TimeSpan.FromMilliseconds(1)),
            };
            var hits = new List<SearchHit>();
            foreach (var (partition, slice) in Resolve(request.Target))
            {
                hits.AddRange(slice.Chunks.Values
                    .Where(chunk => request.Filter is null || FakeFilter.Accepts(request.Filter, chunk))
                    .Select(chunk => FakeScoring.ToHit(chunk, query, request.Space))
                    .Where(hit => !request.HasScoreThreshold || hit.Score >= request.ScoreThreshold));
                response.Stamps.Add(Current(slice, partition));
            }

            response.Hits.AddRange(FakeScoring.Best(hits).Take(request.K));
            if (request.Mode is SearchMode.Hybrid)
                response.TextHits.AddRange(FindWords(request).Hits);
            return response;
        }
    }

    public override async Task<GetTextStatisticsResponse> GetTextStatistics(
        GetTextStatisticsRequest request, ServerCallContext context)
    {
        await EnterAsync(nameof(GetTextStatistics), request, context);
        lock (_lock)
        {
            var chunks = Resolve(request.Target).SelectMany(part => part.Slice.Chunks.Values).ToList();
            return new GetTextStatisticsResponse { Statistics = FakeWords.Weigh(chunks, request.Text) };
        }
    }

    private SearchSlicesResponse FindWords(SearchSlicesRequest request)
    {
        var slices = Resolve(request.Target).ToList();
        var chunks = slices.SelectMany(part => part.Slice.Chunks.Values).ToList();
        var weights = request.TextStatistics ?? FakeWords.Weigh(chunks, request.Text);
        var response = new SearchSlicesResponse();
        response.Stamps.AddRange(slices.Select(part => Current(part.Slice, part.Partition)));
        response.Hits.AddRange(FakeScoring.Best(FakeWords.Find(chunks, request.Text, weights)
            .Where(hit => !request.HasScoreThreshold || hit.Score >= request.ScoreThreshold)).Take(request.K));
        return response;
    }

    public override async Task<GetResponse> Get(GetRequest request, ServerCallContext context)
    {
        await EnterAsync(nameof(Get), request, context);
        lock (_lock)
        {
            var (_, slice) = Resolve(request.Target).Single();
            var response = new GetResponse();
            foreach (var key in request.Keys)
            {
                if (slice.Chunks.TryGetValue((DocumentOf(key), key.ChunkId), out var chunk))
                    response.Chunks.Add(chunk);
            }

            return response;
        }
    }

    public override async Task<ListResponse> List(ListRequest request, ServerCallContext context)
    {
        await EnterAsync(nameof(List), request, context);
        lock (_lock)
        {
            var all = new FakeSlice();
            foreach (var (_, slice) in Resolve(request.Target))
            {
                foreach (var (key, chunk) in slice.Chunks)
                    all.Chunks.Add(key, chunk);
            }

            var pageSize = Math.Min(request.PageSize, PageLimit);
            var comparer = all.Chunks.Comparer;
            var found = all.Chunks
                .Where(entry => request.After is null
                    || comparer.Compare(entry.Key, (request.After.DocumentId, request.After.ChunkId)) > 0)
                .Where(entry => request.DocumentId.Length == 0 || entry.Key.Document == request.DocumentId)
                .Where(entry => request.Filter is null || FakeFilter.Accepts(request.Filter, entry.Value))
                .Select(entry => entry.Value).Take(pageSize + 1).ToList();
            var response = new ListResponse { More = found.Count > pageSize };
            response.Chunks.AddRange(found.Take(pageSize));
            return response;
        }
    }

    public override async Task<CountResponse> Count(CountRequest request, ServerCallContext context)
    {
        await EnterAsync(nameof(Count), request, context);
        lock (_lock)
        {
            return new CountResponse
            {
                Count = Resolve(request.Target).SelectMany(part => part.Slice.Chunks.Values).LongCount(chunk =>
                    (request.DocumentId.Length == 0 || chunk.DocumentId == request.DocumentId)
                    && (request.Filter is null || FakeFilter.Accepts(request.Filter, chunk))),
            };
        }
    }

    public override async Task<GetStatisticsResponse> GetStatistics(
        GetStatisticsRequest request, ServerCallContext context)
    {
        await EnterAsync(nameof(GetStatistics), request, context);
        lock (_lock)
        {
            var response = new GetStatisticsResponse();
            var space = new SliceSpaceStatistics { Name = "" };
            foreach (var (_, slice) in Resolve(request.Target))
            {
                response.Chunks += slice.Chunks.Count;
                response.Documents += slice.Chunks.Keys.Select(key => key.Document).Distinct().Count();
                space.Vectors += slice.Chunks.Count;
                space.FullVectors += slice.Chunks.Values.Count(chunk => chunk.Encoders.Values.Contains(Encoder.Full));
                space.LookupVectors += slice.Chunks.Values.Count(chunk => chunk.Encoders.Values.Contains(Encoder.Lookup));
            }

            (space.MeasuredVectors, space.MeasuredRecallSum) = (space.Vectors, 0.9 * space.Vectors);
            response.Spaces.Add(space);
            return response;
        }
    }

    public override async Task<EmbedTextsResponse> EmbedTexts(EmbedTextsRequest request, ServerCallContext context)
    {
        await EnterAsync(nameof(EmbedTexts), request, context);
        var response = new EmbedTextsResponse
        {
            Model = request.Model,
            Dimension = FakeScoring.Dimension,
            Encoder = request.Encoder == Encoder.Lookup ? Encoder.Lookup : Encoder.Full,
        };
        var vectors = request.Texts.SelectMany(text => FakeScoring.Embed(text)).ToArray();
        response.Vectors = ByteString.CopyFrom(MemoryMarshal.AsBytes<float>(vectors));
        foreach (var text in request.Texts)
        {
            response.TokenCounts.Add(text.Length);
            if (request.ReturnTokenIds)
                response.TokenIds.AddRange(text.Select(character => (int)character));
        }

        return response;
    }

    public override async Task<ListModelsResponse> ListModels(ListModelsRequest request, ServerCallContext context)
    {
        await EnterAsync(nameof(ListModels), request, context);
        var response = new ListModelsResponse();
        response.Models.Add(new Model
        {
            Name = "tiny", Dimension = FakeScoring.Dimension, MaxTokens = 254, Lookup = true, Default = true,
        });
        response.Models.Add(new Model { Name = "other", Dimension = 8, MaxTokens = 510 });
        return response;
    }

    public override async Task<GetStatusResponse> GetStatus(GetStatusRequest request, ServerCallContext context)
    {
        await EnterAsync(nameof(GetStatus), request, context);
        return new GetStatusResponse { Name = name, WriteFault = WriteFault };
    }

    private static string DocumentOf(ChunkKey key) => key.DocumentId.Length > 0 ? key.DocumentId : key.ChunkId;

    private static Stamp Next(FakeSlice slice, int partition)
    {
        slice.Sequence++;
        return Current(slice, partition);
    }

    private static Stamp Current(FakeSlice slice, int partition) =>
        new() { Partition = partition, Epoch = 1, Sequence = slice.Sequence };

    private static ChunkWriteResult Write(FakeSlice slice, ChunkWrite write, Encoder encoder)
    {
        var chunk = write.Chunk.Clone();
        if (chunk.DocumentId.Length == 0)
            chunk.DocumentId = chunk.ChunkId;
        var result = new ChunkWriteResult { DocumentId = chunk.DocumentId, ChunkId = chunk.ChunkId };
        var exists = slice.Chunks.ContainsKey((chunk.DocumentId, chunk.ChunkId));
        if (write.IfAbsent && exists)
        {
            result.Error = new ItemError { Code = (int)StatusCode.FailedPrecondition, Message = "It is there." };
            return result;
        }

        if (!chunk.Vectors.ContainsKey(""))
        {
            chunk.Vectors[""] = new Vector
            {
                Packed = ByteString.CopyFrom(MemoryMarshal.AsBytes<float>(FakeScoring.Embed(chunk.Text))),
            };
            chunk.Encoders[""] = encoder == Encoder.Lookup ? Encoder.Lookup : Encoder.Full;
        }

        chunk.Version = result.Version = (long)slice.Sequence;
        slice.Chunks[(chunk.DocumentId, chunk.ChunkId)] = chunk;
        return result;
    }

    private async Task EnterAsync(string method, IMessage request, ServerCallContext context)
    {
        lock (_lock)
            _calls.Add(method);
        await Before(method, request, context);
    }

    private List<(int Partition, FakeSlice Slice)> Resolve(Target target)
    {
        var uid = new Guid(target.WorkspaceUid.Span, bigEndian: true);
        var slices = new List<(int, FakeSlice)>();
        foreach (var partition in target.Partitions)
        {
            if (!_slices.TryGetValue((uid, partition), out var slice) || slice.Settings.Version != target.SettingsVersion)
                throw Faults.StaleSettings();
            if (slice.Settings.State == WorkspaceState.Deleting)
                throw new RpcException(new Status(StatusCode.FailedPrecondition, "The workspace is being deleted."));
            slices.Add((partition, slice));
        }

        return slices;
    }
}
