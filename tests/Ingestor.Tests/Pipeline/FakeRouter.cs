using System.Collections.Concurrent;
using Grpc.Core;
using Rag.Internal.V1;
using Rag.V1;

namespace Rag.Ingestor.Tests.Pipeline;

/// <summary>A router's document writer that keeps what it is given, and fails as a test wishes.</summary>
internal sealed class FakeRouter : DocumentWriterService.DocumentWriterServiceBase
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, SortedDictionary<string, Rag.V1.Chunk>> _staged = [];
    private readonly HashSet<string> _seenMutations = [];
    private long _version;

    /// <summary>Chunks that a search would see, by document.</summary>
    public ConcurrentDictionary<string, IReadOnlyList<Rag.V1.Chunk>> Visible { get; } = new();

    public ConcurrentQueue<WriteChunksRequest> Writes { get; } = new();

    public ConcurrentQueue<CommitGenerationRequest> Commits { get; } = new();

    public ConcurrentQueue<AbortGenerationRequest> Aborts { get; } = new();

    /// <summary>Runs before each write; throws or waits to make trouble.</summary>
    public Func<WriteChunksRequest, ServerCallContext, Task> OnWrite { get; set; } = (_, _) => Task.CompletedTask;

    public Func<CommitGenerationRequest, ServerCallContext, Task> OnCommit { get; set; } = (_, _) => Task.CompletedTask;

    public Func<GetSettingsRequest, Task> OnSettings { get; set; } = _ => Task.CompletedTask;

    public ChunkingSettings Chunking { get; set; } = new();

    public string Model { get; set; } = "test-model";

    public override async Task<GetSettingsResponse> GetSettings(GetSettingsRequest request, ServerCallContext context)
    {
        await OnSettings(request);
        var settings = new Workspace { Name = request.Workspace, Uid = request.WorkspaceUid, Chunking = Chunking.Clone() };
        settings.Spaces.Add(new VectorSpace { Model = Model });
        return new GetSettingsResponse { Settings = settings, MaxTokens = 254 };
    }

    public override async Task<WriteChunksResponse> WriteChunks(WriteChunksRequest request, ServerCallContext context)
    {
        Writes.Enqueue(request.Clone());
        await OnWrite(request, context);
        lock (_lock)
        {
            _seenMutations.Add(request.MutationId.ToBase64());
            var key = request.Generation.ToBase64();
            if (!_staged.TryGetValue(key, out var chunks))
                _staged.Add(key, chunks = new SortedDictionary<string, Rag.V1.Chunk>(StringComparer.Ordinal));
            foreach (var chunk in request.Chunks)
                chunks[chunk.ChunkId] = chunk.Clone();
        }

        return new WriteChunksResponse();
    }

    public override async Task<CommitGenerationResponse> CommitGeneration(CommitGenerationRequest request, ServerCallContext context)
    {
        Commits.Enqueue(request.Clone());
        await OnCommit(request, context);
        lock (_lock)
        {
            _staged.Remove(request.Generation.ToBase64(), out var chunks);
            if ((chunks?.Count ?? 0) != request.ExpectedChunks)
                throw new RpcException(new Status(StatusCode.Internal, "The number of chunks is wrong."));
            Visible[$"{request.Workspace}/{request.DocumentId}"] = chunks is null ? [] : [.. chunks.Values];
            return new CommitGenerationResponse { Version = ++_version, ConsistencyToken = "token" };
        }
    }

    public override Task<AbortGenerationResponse> AbortGeneration(AbortGenerationRequest request, ServerCallContext context)
    {
        Aborts.Enqueue(request.Clone());
        lock (_lock)
            _staged.Remove(request.Generation.ToBase64());
        return Task.FromResult(new AbortGenerationResponse());
    }

    public int StagedGenerations
    {
        get
        {
            lock (_lock)
                return _staged.Count;
        }
    }
}
