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
        services.AddSingleton<IMetadataStore>(new Undisposed(fixture));
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

    /// <summary>The store is the fixture's: a router that ends leaves it open. A test may take it away.</summary>
    private sealed class Undisposed(RouterFixture fixture) : IMetadataStore
    {
        public IWorkspaceStore Workspaces => fixture.WorkspacesInstead ?? Store.Workspaces;

        public IDocumentStore Documents => Store.Documents;

        public IJobStore Jobs => Store.Jobs;

        public IBlobStore Blobs => Store.Blobs;

        private IMetadataStore Store => fixture.MetadataIsAway
            ? throw new MetadataStoreException(MetadataFault.Unavailable, "The metadata database cannot be reached: try again.")
            : fixture.Metadata;

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
