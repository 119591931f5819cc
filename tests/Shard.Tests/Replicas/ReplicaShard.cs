using System.Net;
using Google.Protobuf;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Rag.Engine;
using Rag.Hosting.Topology;
using Rag.Internal.V1;
using Rag.Shard.Replicas;
using Rag.Testing;
using Rag.V1;

namespace Rag.Shard.Tests.Replicas;

/// <summary>A shard on loopback that follows a topology, and can be stopped and started again.</summary>
internal sealed class ReplicaShard(string name, int port, MemoryTopology topology) : IAsyncDisposable
{
    public const int Partition = 3;

    private readonly TemporaryFolder _folder = new();
    private WebApplication? _application;
    private ShardStore? _store;
    private GrpcChannel? _channel;

    public string Name => name;

    public ShardStore Store => _store!;

    public ReplicaOptions Options { get; set; } = new()
    {
        BlockBytes = 4096, RetryDelay = TimeSpan.FromMilliseconds(20), DropDelay = TimeSpan.Zero,
    };

    public KeptMessages Messages { get; } = new();

    public string DataFolder => _folder.Combine("data");

    public Func<IReplicaLog> Log { get; set; } = static () => new NoReplicaLog();

    public ShardService.ShardServiceClient Client => new(_channel!);

    public ReplicaService.ReplicaServiceClient Replicas => new(_channel!);

    public async Task StartAsync()
    {
        var options = new StoreOptions
        {
            DataFolder = _folder.Combine("data"), FreeSpaceReserveBytes = 1 << 20, MutationLogMemoryBytes = 4 << 20,
            ChunkLogMemoryBytes = 4 << 20, LogSegmentBytes = 4 << 20,
        };
        _store = await ShardStore.OpenAsync(options, NullLoggerFactory.Instance, TimeProvider.System, default);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders().AddProvider(Messages).AddFilter(null, LogLevel.Information);
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(
            IPAddress.Loopback, port, listen => listen.Protocols = HttpProtocols.Http2));
        builder.Services.AddGrpc();
        builder.Services.AddSingleton<ITopologySource>(topology);
        builder.Services.AddSingleton<ITopologyStore>(topology);
        builder.Services.AddSingleton(Log());
        builder.Services.AddShard(
            new ShardOptions { Name = name, Store = options, Replicas = Options },
            new ModelOptions { Folders = [_folder.Path] }, _store);
        builder.Services.AddShardReplicas();
        _application = builder.Build();
        _application.MapShard();
        await _application.StartAsync();
        _channel = GrpcChannel.ForAddress($"http://127.0.0.1:{port}");
    }

    public async Task StopAsync()
    {
        _channel?.Dispose();
        if (_application is not null)
        {
            await _application.StopAsync(new CancellationToken(canceled: true));
            await _application.DisposeAsync();
        }

        if (_store is not null)
            await _store.DisposeAsync();
        (_application, _store, _channel) = (null, null, null);
    }

    /// <summary>Makes a workspace in the partition with some chunks; returns its uid.</summary>
    public async Task<Guid> FillAsync(int chunks)
    {
        var uid = Guid.CreateVersion7();
        await Client.PutSettingsAsync(new PutSettingsRequest
        {
            Settings = new Workspace
            {
                Name = $"w-{uid:N}", Uid = uid.ToString(), Version = 1, State = V1.WorkspaceState.Active, Spread = 1,
                Partitions = { Partition },
                Spaces = { new VectorSpace { Dimension = 3, Metric = V1.Metric.L2 } },
            },
            Partitions = { Partition },
            MutationId = ShardFixture.NewId(),
        });
        for (var i = 0; i < chunks; i++)
            await UpsertAsync(uid, i);
        return uid;
    }

    public async Task UpsertAsync(Guid uid, int number) => await Client.UpsertAsync(new UpsertRequest
    {
        Target = TargetOf(uid),
        MutationId = ShardFixture.NewId(),
        Chunks =
        {
            new V1.ChunkWrite
            {
                Chunk = ShardFixture.ChunkOf($"c{number}", [number, 1, 0], $"text {number} {new string('x', 500)}"),
            },
        },
    });

    public async Task<SearchSlicesResponse> SearchAsync(Guid uid) => await Client.SearchSlicesAsync(
        new SearchSlicesRequest
        {
            Target = TargetOf(uid), K = 1000, Vector = Mapping.VectorMapping.Pack([0, 0, 0]), Exact = true,
            ReturnFields = new V1.ReturnFields { Text = true },
        });

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _folder.Dispose();
    }

    private static Target TargetOf(Guid uid) => new()
    {
        WorkspaceUid = ByteString.CopyFrom(uid.ToByteArray(bigEndian: true)), Partitions = { Partition },
        SettingsVersion = 1,
    };
}
