using Google.Protobuf;
using Grpc.Net.InProcess;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Rag.Engine;
using Rag.Hosting.Overload;
using Rag.Hosting.Topology;
using Rag.Internal.V1;
using Rag.Testing;
using Rag.V1;

namespace Rag.Shard.Tests;

/// <summary>A shard on a store in a temporary folder, called in process, with one workspace of two partitions.</summary>
internal sealed class ShardFixture : IAsyncDisposable
{
    public const int Dimension = 3;
    public const int First = 7;
    public const int Second = 8;

    private readonly TemporaryFolder _folder = new();
    private ShardStore? _store;
    private ServiceProvider? _services;

    public Guid Uid { get; } = Guid.NewGuid();

    public ShardService.ShardServiceClient Client { get; private set; } = null!;

    /// <summary>A topology whose other shard holds every partition from 128 up.</summary>
    private static ClusterTopology Topology => TopologyDocumentFor("""
        {"version": 3, "shards": [
          {"name": "shard-0", "address": "http://127.0.0.1:1"}, {"name": "shard-1", "address": "http://127.0.0.1:2"}],
         "placement": {"0-127": "shard-0", "128-255": "shard-1"}}
        """);

    /// <summary>What searches run on in place of the thread pool.</summary>
    public ISearchThreads? Threads { get; private init; }

    public static async Task<ShardFixture> StartAsync(ISearchThreads? threads = null)
    {
        var fixture = new ShardFixture { Threads = threads };
        await fixture.OpenAsync();
        await fixture.PutSettingsAsync(version: 1, V1.WorkspaceState.Active);
        return fixture;
    }

    public Target Target(long settingsVersion, params int[] partitions) => new()
    {
        WorkspaceUid = ByteString.CopyFrom(Uid.ToByteArray(bigEndian: true)),
        Partitions = { partitions },
        SettingsVersion = settingsVersion,
    };

    public async Task PutSettingsAsync(long version, V1.WorkspaceState state) =>
        await Client.PutSettingsAsync(new PutSettingsRequest
        {
            Settings = new Workspace
            {
                Name = "w", Uid = Uid.ToString(), Version = version, State = state, Spread = 2,
                Partitions = { First, Second },
                Spaces = { new VectorSpace { Dimension = Dimension, Metric = V1.Metric.L2 } },
            },
            Partitions = { First, Second },
            MutationId = NewId(),
        });

    public async Task<UpsertResponse> UpsertAsync(int partition, string id, float[] vector, string text = "") =>
        await Client.UpsertAsync(new UpsertRequest
        {
            Target = Target(1, partition),
            MutationId = NewId(),
            Chunks = { new V1.ChunkWrite { Chunk = ChunkOf(id, vector, text) } },
        });

    public async Task<SearchSlicesResponse> SearchAsync(int k, params int[] partitions) =>
        await Client.SearchSlicesAsync(new SearchSlicesRequest
        {
            Target = Target(1, partitions), K = k, Vector = Mapping.VectorMapping.Pack([0, 0, 0]), Exact = true,
        });

    public static Chunk ChunkOf(string id, float[] vector, string text = "") => new()
    {
        ChunkId = id, Text = text,
        Vectors = { [""] = new Vector { Dense = new DenseVector { Values = { vector } } } },
        Passage = new Passage { StartOffset = 1, EndOffset = 5, HeadingPath = { "Guide", "Install" }, Page = 2 },
    };

    public static ByteString NewId() => ByteString.CopyFrom(Guid.CreateVersion7().ToByteArray(bigEndian: true));

    /// <summary>Closes the store and opens it again, as a restart does.</summary>
    public async Task RestartAsync()
    {
        await CloseAsync();
        await OpenAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await CloseAsync();
        _folder.Dispose();
    }

    private static ClusterTopology TopologyDocumentFor(string json)
    {
        using var folder = new TemporaryFolder();
        var path = folder.Combine("topology.json");
        File.WriteAllText(path, json);
        return TopologyFile.Open(path, NullLogger<TopologyFile>.Instance).Current;
    }

    private async Task OpenAsync()
    {
        var options = new StoreOptions { DataFolder = _folder.Path, AttributeText = Mapping.PassageHeadings.Read };
        _store = await ShardStore.OpenAsync(options, NullLoggerFactory.Instance, TimeProvider.System, default);
        var services = new ServiceCollection();
        if (Threads is not null)
            services.AddSingleton(new SearchDoor<Guid>(new OverloadOptions { MaxQueued = 1 }, "test", Threads));
        _services = services
            .AddSingleton<ILoggerFactory>(NullLoggerFactory.Instance)
            .AddSingleton(typeof(ILogger<>), typeof(NullLogger<>))
            .AddSingleton<ITopologySource>(new StaticTopology(Topology))
            .AddShard(new ShardOptions { Store = options }, new ModelOptions { Folders = [_folder.Path] }, _store)
            .BuildServiceProvider();
        Client = new(new InProcessServer().Bind(_services.BindShard()).CreateCallInvoker());
    }

    private async Task CloseAsync()
    {
        if (_services is not null)
            await _services.DisposeAsync();
        if (_store is not null)
            await _store.DisposeAsync();
    }
}
