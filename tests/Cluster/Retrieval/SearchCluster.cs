using System.Text.Json;
using Grpc.Core;
using Grpc.Net.InProcess;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Rag.Engine;
using Rag.Hosting.Topology;
using Rag.Metadata;
using Rag.Metadata.Sqlite;
using Rag.Router;
using Rag.Router.Shards;
using Rag.Shard;
using Rag.Shard.Mapping;
using Rag.Testing;
using Rag.V1;

namespace Rag.Cluster.Tests.Retrieval;

/// <summary>A router and real shards with stores of their own, in this process and without sockets.</summary>
internal sealed class SearchCluster : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly List<ShardStore> _stores = [];
    private readonly List<ServiceProvider> _providers = [];
    private readonly List<IHostedService> _refiners = [];
    private SqliteMetadataStore? _metadata;

    public CallInvoker Invoker { get; private set; } = null!;

    public WorkspaceService.WorkspaceServiceClient Workspaces => new(Invoker);

    public ChunkService.ChunkServiceClient Chunks => new(Invoker);

    public SearchService.SearchServiceClient Searches => new(Invoker);

    /// <param name="models">Folders of models, for shards that embed or rerank.</param>
    public static async Task<SearchCluster> StartAsync(int shards = 2, params string[] models)
    {
        var cluster = new SearchCluster();
        try
        {
            await cluster.OpenAsync(shards, models);
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    public async Task CreateAsync(string name, int spread, params VectorSpace[] spaces) =>
        await Workspaces.CreateWorkspaceAsync(
            new CreateWorkspaceRequest { Workspace = new Workspace { Name = name, Spread = spread, Spaces = { spaces } } });

    public async Task UpsertAsync(string workspace, IEnumerable<Chunk> chunks)
    {
        foreach (var batch in chunks.Chunk(500))
        {
            var request = new UpsertChunksRequest { Workspace = workspace };
            request.Chunks.AddRange(batch.Select(chunk => new V1.ChunkWrite { Chunk = chunk }));
            (await Chunks.UpsertChunksAsync(request)).Results.ShouldAllBe(result => result.Error == null);
        }
    }

    /// <summary>Lets the shards refine in the background until the end.</summary>
    public async Task StartRefiningAsync()
    {
        foreach (var service in _providers.SelectMany(provider => provider.GetServices<IHostedService>())
            .Where(service => service.GetType().Assembly == typeof(ShardOptions).Assembly))
        {
            await service.StartAsync(CancellationToken.None);
            _refiners.Add(service);
        }
    }

    public async Task<List<V1.SearchHit>> SearchAsync(SearchRequest request) => [.. (await Searches.SearchAsync(request)).Hits];

    public async ValueTask DisposeAsync()
    {
        foreach (var refiner in _refiners)
            await refiner.StopAsync(CancellationToken.None);
        foreach (var provider in Enumerable.Reverse(_providers))
            await provider.DisposeAsync();
        foreach (var store in _stores)
            await store.DisposeAsync();
        if (_metadata is not null)
            await _metadata.DisposeAsync();
        _folder.Dispose();
    }

    private async Task OpenAsync(int shards, string[] models)
    {
        var topology = new StaticTopology(await PlaceAsync(shards));
        var invokers = new Dictionary<string, CallInvoker>();
        for (var i = 0; i < shards; i++)
        {
            var folder = _folder.Combine($"data-{i}");
            var options = new StoreOptions { DataFolder = folder, AttributeText = PassageHeadings.Read };
            var store = await ShardStore.OpenAsync(options, NullLoggerFactory.Instance, TimeProvider.System, default);
            _stores.Add(store);
            var provider = Logged()
                .AddSingleton<ITopologySource>(topology)
                .AddShard(
                    new ShardOptions { Name = $"shard-{i}", Store = options },
                    new ModelOptions { Folders = models.Length > 0 ? models : [_folder.Path] }, store)
                .BuildServiceProvider();
            _providers.Add(provider);
            invokers.Add($"shard-{i}", new InProcessServer().Bind(provider.BindShard()).CreateCallInvoker());
        }

        _metadata = await SqliteMetadataStore.OpenAsync(new SqliteMetadataOptions { Folder = _folder.Combine("metadata") });
        var router = Logged()
            .AddSingleton<IMetadataStore>(_metadata)
            .AddSingleton<ITopologySource>(topology)
            .AddSingleton<IShardConnections>(new InProcessShardConnections(invokers))
            .AddRouter(new RouterOptions())
            .BuildServiceProvider();
        _providers.Add(router);
        Invoker = new InProcessServer().BindRouter(router).CreateCallInvoker();
    }

    private static IServiceCollection Logged() => new ServiceCollection()
        .AddSingleton<ILoggerFactory>(NullLoggerFactory.Instance)
        .AddSingleton(typeof(ILogger<>), typeof(NullLogger<>));

    // Partitions in turn, so that any spread is on all shards.
    private async Task<ClusterTopology> PlaceAsync(int shards)
    {
        var path = _folder.Combine("topology.json");
        await File.WriteAllTextAsync(path, JsonSerializer.Serialize(new
        {
            version = 1,
            partitions = 256,
            shards = Enumerable.Range(0, shards).Select(i => new { name = $"shard-{i}", address = $"http://127.0.0.1:{i + 1}" }),
            placement = Enumerable.Range(0, 256).ToDictionary(i => i.ToString(), i => $"shard-{i % shards}"),
        }));
        await using var file = TopologyFile.Open(path, NullLogger<TopologyFile>.Instance);
        return file.Current;
    }
}
