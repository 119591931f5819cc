using Google.Rpc;
using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;
using Rag.Hosting.Topology;
using Rag.Internal.V1;
using Rag.Metadata;
using Rag.Metadata.Sqlite;
using Rag.Testing;
using Rag.V1;

namespace Rag.Router.Tests.Fakes;

/// <summary>A whole router with fake shards and a SQLite store, called without sockets. Background loops do not run.</summary>
internal sealed class RouterFixture : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly List<RouterInstance> _routers = [];
    private RouterOptions _options = new();

    private RouterFixture(int shards, int partitions)
    {
        Shards = [.. Enumerable.Range(0, shards).Select(i => new FakeShard($"shard-{i}"))];
        Topology = new MovableTopology(Place(1, partitions, partition => partition % shards));
    }

    public IReadOnlyList<FakeShard> Shards { get; }

    public MovableTopology Topology { get; }

    public SqliteMetadataStore Metadata { get; private set; } = null!;

    /// <summary>Every call of the metadata store fails, as while a database's primary is away.</summary>
    public bool MetadataIsAway { get; set; }

    /// <summary>What routers use in place of the store's workspaces, if anything.</summary>
    public IWorkspaceStore? WorkspacesInstead { get; set; }

    public WorkspaceService.WorkspaceServiceClient Workspaces => _routers[0].Workspaces;

    public ChunkService.ChunkServiceClient Chunks => _routers[0].Chunks;

    public SearchService.SearchServiceClient Search => _routers[0].Search;

    public IngestService.IngestServiceClient Ingest => _routers[0].Ingest;

    public EmbeddingService.EmbeddingServiceClient Embedding => _routers[0].Embedding;

    public DocumentWriterService.DocumentWriterServiceClient Documents => _routers[0].Documents;

    /// <summary>All of them, the first one first.</summary>
    public IReadOnlyList<RouterInstance> Routers => _routers;

    public IServiceProvider Services => _routers[0].Provider;

    public static async Task<RouterFixture> StartAsync(
        int shards = 1, int partitions = 16, RouterOptions? options = null)
    {
        var fixture = new RouterFixture(shards, partitions);
        fixture.Metadata = await SqliteMetadataStore.OpenAsync(new SqliteMetadataOptions
        {
            Folder = fixture._folder.Path,
            PollInterval = TimeSpan.FromMilliseconds(20),
        });
        fixture._options = options ?? fixture._options;
        fixture.AddRouter();
        return fixture;
    }

    /// <summary>Another router over the same shards and store, with a cache of its own.</summary>
    public RouterInstance AddRouter(RouterOptions? options = null, Action<IServiceCollection>? configure = null)
    {
        var router = new RouterInstance(this, options ?? _options, configure);
        _routers.Add(router);
        return router;
    }

    /// <summary>Gives every partition to all shards, which share what they hold, as perfect replicas do.</summary>
    public void Replicate()
    {
        var edit = Topology.Current.Edit();
        for (var partition = 0; partition < Topology.Current.Partitions; partition++)
        {
            foreach (var shard in Shards)
                edit.SetReplica(partition, shard.Name, ReplicaState.Ready);
        }

        edit.ReplicationFactor = Shards.Count;
        Topology.Replace(edit.Build());
        foreach (var shard in Shards.Skip(1))
            shard.Join(Shards[0]);
    }

    /// <summary>A topology that gives each partition to the shard of this index.</summary>
    public ClusterTopology Place(long version, int partitions, Func<int, int> owner)
    {
        // Through the file's own parser, so that tests need no other way to make one.
        var nodes = string.Join(",", Shards.Select(shard =>
            $$"""{"name":"{{shard.Name}}","address":"http://127.0.0.1:1"}"""));
        var placement = string.Join(",", Enumerable.Range(0, partitions).Select(partition =>
            $"\"{partition}\":\"{Shards[owner(partition)].Name}\""));
        using var file = new TemporaryFolder();
        var path = file.Combine("topology.json");
        File.WriteAllText(path, $"{{\"version\":{version},\"partitions\":{partitions},"
            + $"\"shards\":[{nodes}],\"placement\":{{{placement}}}}}");
        var opened = TopologyFile.Open(
            path, Microsoft.Extensions.Logging.Abstractions.NullLogger<TopologyFile>.Instance);
        _ = opened.DisposeAsync().AsTask();
        return opened.Current;
    }

    public async Task<Workspace> CreateAsync(string name = "docs", int spread = 1)
    {
        var created = await Workspaces.CreateWorkspaceAsync(new CreateWorkspaceRequest
        {
            Workspace = new Workspace { Name = name, Spread = spread },
        });
        return created.Workspace;
    }

    public async Task UpsertAsync(string workspace, params IEnumerable<(string Document, string Chunk, string Text)> items)
    {
        foreach (var batch in items.Chunk(1000))
        {
            var request = new UpsertChunksRequest { Workspace = workspace };
            request.Chunks.AddRange(batch.Select(item => Write(item.Document, item.Chunk, item.Text)));
            var response = await Chunks.UpsertChunksAsync(request);
            response.Results.ShouldAllBe(result => result.Error == null);
        }
    }

    public static ChunkWrite Write(string document, string chunk, string text) => new()
    {
        Chunk = new Chunk { DocumentId = document, ChunkId = chunk, Text = text },
    };

    /// <summary>The status that a call fails with.</summary>
    public static async Task<RpcException> FailureAsync<T>(AsyncUnaryCall<T> call) =>
        await Should.ThrowAsync<RpcException>(async () => await call.ResponseAsync);

    /// <summary>Fields that a refusal names.</summary>
    public static IReadOnlyList<string> FieldsOf(RpcException error)
    {
        var details = Google.Rpc.Status.Parser.ParseFrom(error.Trailers.GetValueBytes("grpc-status-details-bin") ?? []);
        var bad = details.Details.FirstOrDefault(detail => detail.Is(BadRequest.Descriptor));
        return bad is null ? [] : [.. bad.Unpack<BadRequest>().FieldViolations.Select(violation => violation.Field)];
    }

    public static TimeSpan? RetryDelayOf(RpcException error)
    {
        var details = Google.Rpc.Status.Parser.ParseFrom(error.Trailers.GetValueBytes("grpc-status-details-bin") ?? []);
        var retry = details.Details.FirstOrDefault(detail => detail.Is(RetryInfo.Descriptor));
        return retry?.Unpack<RetryInfo>().RetryDelay.ToTimeSpan();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var router in _routers)
            await router.DisposeAsync();
        await Metadata.DisposeAsync();
        _folder.Dispose();
    }
}
