using Grpc.Core;
using Grpc.Net.InProcess;
using Microsoft.Extensions.DependencyInjection;
using Rag.Hosting.Topology;
using Rag.Internal.V1;
using Rag.Metadata;
using Rag.Router.Shards;
using Rag.V1;

namespace Rag.Router.Tests.Fakes;

/// <summary>One router of a fixture.</summary>
internal sealed class RouterInstance : IAsyncDisposable
{
    private readonly ServiceProvider _provider;

    public RouterInstance(RouterFixture fixture, RouterOptions options, Action<IServiceCollection>? configure = null)
    {
        var shards = fixture.Shards.ToDictionary(
            shard => shard.Name, shard => new InProcessServer().Bind(shard).CreateCallInvoker());
        var services = new ServiceCollection();
        services.AddLogging();
        services.AddSingleton<IMetadataStore>(new Undisposed(fixture.Metadata));
        services.AddSingleton<ITopologySource>(fixture.Topology);
        services.AddSingleton<IShardConnections>(new InProcessShardConnections(shards));
        services.AddRouter(options);
        configure?.Invoke(services);
        _provider = services.BuildServiceProvider();
        Invoker = new InProcessServer().BindRouter(_provider).CreateCallInvoker();
        Workspaces = new WorkspaceService.WorkspaceServiceClient(Invoker);
        Chunks = new ChunkService.ChunkServiceClient(Invoker);
        Search = new SearchService.SearchServiceClient(Invoker);
        Ingest = new IngestService.IngestServiceClient(Invoker);
        Embedding = new EmbeddingService.EmbeddingServiceClient(Invoker);
        Documents = new DocumentWriterService.DocumentWriterServiceClient(Invoker);
    }

    public IServiceProvider Provider => _provider;

    public CallInvoker Invoker { get; }

    public WorkspaceService.WorkspaceServiceClient Workspaces { get; }

    public ChunkService.ChunkServiceClient Chunks { get; }

    public SearchService.SearchServiceClient Search { get; }

    public IngestService.IngestServiceClient Ingest { get; }

    public EmbeddingService.EmbeddingServiceClient Embedding { get; }

    public DocumentWriterService.DocumentWriterServiceClient Documents { get; }

    public ValueTask DisposeAsync() => _provider.DisposeAsync();

    /// <summary>The store is the fixture's: a router that ends leaves it open.</summary>
    private sealed class Undisposed(IMetadataStore store) : IMetadataStore
    {
        public IWorkspaceStore Workspaces => store.Workspaces;

        public IDocumentStore Documents => store.Documents;

        public IJobStore Jobs => store.Jobs;

        public IBlobStore Blobs => store.Blobs;

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
