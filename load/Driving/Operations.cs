using Grpc.Core;
using Rag.Client;
using Rag.Load.Data;
using Rag.Load.Measuring;
using Rag.Load.Scenarios;
using Rag.V1;

namespace Rag.Load.Driving;

/// <summary>
/// Makes the operations of one kind of traffic and carries them out. <see cref="Next"/> by one thread at a time, which
/// fixes what is sent; the rest is thread-safe.
/// </summary>
internal sealed class Operations : IAsyncDisposable
{
    private const int Queries = 1_000_000;

    private readonly TrafficSpec _traffic;
    private readonly Corpus _corpus;
    private readonly WorkspacePicker _picker;
    private readonly ISearcher _searcher;
    private readonly Connections _connections;
    private readonly ChunkService.ChunkServiceClient[] _chunks;
    private readonly IngestService.IngestServiceClient[] _files;
    private readonly (OperationKind Kind, double UpTo)[] _mix;
    private readonly string[] _names;
    private readonly TimeSpan _timeout;
    private int _revision;

    public Operations(TrafficSpec traffic, Corpus corpus, Uri address, int seed)
    {
        _traffic = traffic;
        _corpus = corpus;
        _timeout = TimeSpan.FromMilliseconds(traffic.TimeoutMs);
        var count = traffic.Workspaces > 0 ? traffic.Workspaces : corpus.Data.Workspaces - traffic.FirstWorkspace;
        _picker = new WorkspacePicker(traffic.FirstWorkspace, count, traffic.Zipf, seed);
        _names = [.. Enumerable.Range(0, corpus.Data.Workspaces).Select(Corpus.WorkspaceName)];
        _connections = new Connections(address, traffic.Connections);
        _chunks = [.. _connections.Invokers.Select(invoker => new ChunkService.ChunkServiceClient(invoker))];
        _files = [.. _connections.Invokers.Select(invoker => new IngestService.IngestServiceClient(invoker))];
        _searcher = traffic.Calls switch
        {
            CallKind.Batch => new BatchSearcher(_connections, traffic.BatchSize, 2 * traffic.Connections, _timeout),
            CallKind.Stream => new StreamSearcher(_connections, traffic.Streams, _timeout),
            CallKind.Empty => new EmptyCaller(_connections, _timeout),
            _ => new UnarySearcher(_connections, _timeout),
        };
        Posted = Post(traffic, corpus);
        var total = traffic.Mix.Values.Sum();
        var sum = 0.0;
        _mix = [.. traffic.Mix.Where(part => part.Value > 0).Select(part => (part.Key, sum += part.Value / total))];
    }

    /// <summary>The way for searches by vector that cost little; null where there is anything else to send.</summary>
    public IPostedSearches? Posted { get; }

    /// <summary>Whether searches can be compared with what was loaded: nothing writes.</summary>
    public bool IsReadOnly => _mix.All(part => part.Kind is not (OperationKind.Upsert or OperationKind.Delete or OperationKind.Ingest));

    /// <summary>Chooses what comes next.</summary>
    public Operation Next(Random random)
    {
        var draw = random.NextDouble();
        var kind = _mix[^1].Kind;
        foreach (var part in _mix)
        {
            if (draw >= part.UpTo)
                continue;
            kind = part.Kind;
            break;
        }

        return new Operation(kind, _picker.Pick(random), random.Next(Queries));
    }

    /// <summary>Carries it out; answers are noted where the meter wants to check one.</summary>
    public async Task RunAsync(Operation operation, TrafficMeter meter, CancellationToken cancellationToken)
    {
        switch (operation.Kind)
        {
            case OperationKind.Upsert:
                await UpsertAsync(operation, cancellationToken);
                break;
            case OperationKind.Delete:
                await DeleteAsync(operation, cancellationToken);
                break;
            case OperationKind.Ingest:
                await IngestAsync(operation, cancellationToken);
                break;
            default:
                var response = await _searcher.SearchAsync(ToRequest(operation), cancellationToken);
                if (operation.Kind == OperationKind.Vector && _traffic.Calls != CallKind.Empty && meter.WantsSample)
                    meter.AddSample(operation, [.. response.Hits.Select(hit => hit.ChunkId)]);
                break;
        }
    }

    /// <summary>The search that an operation stands for.</summary>
    public SearchRequest ToRequest(Operation operation)
    {
        var request = new SearchRequest { Workspace = _names[operation.Workspace], K = _traffic.K };
        if (_traffic.RecallTarget > 0)
            request.RecallTarget = (float)_traffic.RecallTarget;
        if (operation.Kind is OperationKind.Text or OperationKind.Hybrid)
        {
            request.Text = _corpus.QueryText(operation.Workspace, operation.Number);
            request.Mode = operation.Kind == OperationKind.Hybrid ? SearchMode.Hybrid : SearchMode.Dense;
            return request;
        }

        if (operation.Kind == OperationKind.Filtered)
            request.Filter = Where.Equal("group", (long)(operation.Number % 10));
        if (_corpus.Data.Texts)
        {
            request.Text = _corpus.QueryText(operation.Workspace, operation.Number);
            return request;
        }

        Span<float> vector = stackalloc float[_corpus.Data.Dimension];
        _corpus.QueryVector(operation.Workspace, operation.Number, vector);
        request.Vector = VectorValue.Of(vector);
        return request;
    }

    public async ValueTask DisposeAsync()
    {
        if (Posted is not null)
            await Posted.DisposeAsync();
        await _searcher.DisposeAsync();
        _connections.Dispose();
    }

    private IPostedSearches? Post(TrafficSpec traffic, Corpus corpus)
    {
        if (traffic.Arrivals == ArrivalKind.Closed || corpus.Data.Texts
            || traffic.Mix.Any(part => part.Key != OperationKind.Vector && part.Value > 0))
            return null;
        return traffic.Calls switch
        {
            CallKind.Stream => new PostedStreams(_connections, new VectorQueries(traffic, corpus), traffic.Streams, _timeout),
            CallKind.Batch => new PostedBatches(
                _connections, new VectorQueries(traffic, corpus), traffic.BatchSize, 2 * traffic.Connections, _timeout),
            _ => null,
        };
    }

    private async Task UpsertAsync(Operation operation, CancellationToken cancellationToken)
    {
        var revision = Interlocked.Increment(ref _revision);
        var request = new UpsertChunksRequest { Workspace = _names[operation.Workspace], RequestId = Guid.CreateVersion7().ToString() };
        foreach (var chunk in ChunksOf(operation))
            request.Chunks.Add(new ChunkWrite { Chunk = ChunkMaker.Make(_corpus, operation.Workspace, chunk, revision) });
        var response = await Client(_chunks, operation).UpsertChunksAsync(request, Options(cancellationToken));
        foreach (var result in response.Results)
        {
            if (result.Error is { } error)
                throw BatchSearcher.ToException(error);
        }
    }

    private async Task DeleteAsync(Operation operation, CancellationToken cancellationToken)
    {
        var request = new DeleteChunksRequest
        {
            Workspace = _names[operation.Workspace],
            Keys = new ChunkKeys { Keys = { ChunksOf(operation).Select(chunk => new ChunkKey { ChunkId = Corpus.ChunkId(chunk) }) } },
            RequestId = Guid.CreateVersion7().ToString(),
        };
        await Client(_chunks, operation).DeleteChunksAsync(request, Options(cancellationToken));
    }

    private async Task IngestAsync(Operation operation, CancellationToken cancellationToken)
    {
        var revision = Interlocked.Increment(ref _revision);
        var source = new DocumentSource
        {
            Workspace = _names[operation.Workspace], DocumentId = $"file-{operation.Number}", MediaType = "text/plain",
        };
        var text = _corpus.ChunkText(operation.Workspace, operation.Number, revision);
        await Client(_files, operation).SubmitTextAsync(
            new SubmitTextRequest { Source = source, Text = text, RequestId = Guid.CreateVersion7().ToString() },
            Options(cancellationToken));
    }

    private IEnumerable<int> ChunksOf(Operation operation)
    {
        var chunks = Math.Max(_corpus.Data.Chunks, _traffic.WriteSize);
        var first = operation.Number % chunks;
        for (var i = 0; i < _traffic.WriteSize; i++)
            yield return (first + i) % chunks;
    }

    private static T Client<T>(T[] clients, Operation operation) => clients[operation.Number % clients.Length];

    private CallOptions Options(CancellationToken cancellationToken) =>
        new(deadline: DateTime.UtcNow + _timeout, cancellationToken: cancellationToken);
}

/// <summary>One thing to send.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Workspace">For whom.</param>
/// <param name="Number">Which query, chunk or file of the seeded ones.</param>
internal readonly record struct Operation(OperationKind Kind, int Workspace, int Number);
