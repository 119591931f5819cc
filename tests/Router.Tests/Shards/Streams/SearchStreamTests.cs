using System.Collections.Concurrent;
using System.Net;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Rag.Hosting.Topology;
using Rag.Internal.V1;
using Rag.Router.Shards;
using Rag.Router.Tests.Fakes;
using Rag.Testing;
using Rag.V1;

namespace Rag.Router.Tests.Shards.Streams;

/// <summary>Over real connections on loopback.</summary>
public sealed class SearchStreamTests : IAsyncDisposable
{
    private readonly int _port = FreePort.Next();
    private readonly ShardNode _node;
    private readonly RemoteShardConnections _connections;
    private WebApplication? _server;

    public SearchStreamTests()
    {
        _node = new ShardNode("shard-0", new Uri($"http://127.0.0.1:{_port}"));
        _connections = new RemoteShardConnections(
            new MovableTopology(ClusterTopology.Balanced(1, 4, [_node])), 8 * 1024 * 1024, searchStreams: 3);
    }

    [Fact]
    public async Task Many_searches_share_a_few_streams_and_each_gets_its_own_answer()
    {
        var shard = new StreamShard(hasStreams: true)
        {
            Before = (request, _) => request.K % 3 == 0 ? Task.Delay(request.K % 7) : Task.CompletedTask,
        };
        await StartAsync(shard);
        var answers = await Task.WhenAll(Enumerable.Range(0, 1000).Select(k => SearchAsync(k).ResponseAsync));
        answers.Select(answer => answer.Stamps[0].Partition).ShouldBe(Enumerable.Range(0, 1000));
        shard.Streams.ShouldBe(3);
        shard.Unary.ShouldBe(0);
        // Other calls go their own way, and so would large answers.
        (await RouterFixture.FailureAsync(_connections.For(_node).CountAsync(new CountRequest()))).StatusCode
            .ShouldBe(StatusCode.Unimplemented);
    }

    [Fact]
    public async Task What_is_searched_for_arrives_as_it_was_sent_in_every_mode()
    {
        var seen = new ConcurrentDictionary<int, SearchSlicesRequest>();
        await StartAsync(new StreamShard(hasStreams: true)
        {
            Before = (request, _) =>
            {
                seen[request.K] = request.Clone();
                return Task.CompletedTask;
            },
        });
        var sparse = new SparseVector { Indices = { 7, uint.MaxValue }, Weights = { 0.5f, 2 } };
        var dense = ByteString.CopyFrom(1, 2, 3, 4, 5, 6, 7, 8);
        var bm25 = new Bm25 { K1 = 0.9f, B = 0.4f };
        SearchSlicesRequest[] requests =
        [
            new() { K = 1, Vector = dense },
            new() { K = 2, Mode = SearchMode.Sparse, SparseVector = sparse },
            new() { K = 3, Mode = SearchMode.Sparse, Text = "granite walls", Bm25 = bm25 },
            new() { K = 4, Mode = SearchMode.Hybrid, Vector = dense, SparseVector = sparse, NoWords = true, SparseVectorThreshold = 0.25f },
            new() { K = 5, Mode = SearchMode.Hybrid, Vector = dense, SparseVector = sparse, Text = "granite", Bm25 = bm25, Exact = true },
        ];
        foreach (var request in requests)
            (await _connections.For(_node).SearchSlicesAsync(request, deadline: DateTime.UtcNow.AddSeconds(60))).Stamps.Count.ShouldBe(1);
        requests.ShouldAllBe(request => seen[request.K].Equals(request));
    }

    [Fact]
    public async Task A_failure_is_that_of_its_search_alone_with_its_trailers()
    {
        await StartAsync(new StreamShard(hasStreams: true)
        {
            Before = (request, _) => request.K == 1 ? Task.FromException(Faults.StaleSettings()) : Task.CompletedTask,
        });
        using var good = SearchAsync(2);
        var error = await RouterFixture.FailureAsync(SearchAsync(1));
        error.StatusCode.ShouldBe(StatusCode.FailedPrecondition);
        error.Trailers.GetValue("rag-reason").ShouldBe("stale-settings");
        (await good).Stamps[0].Partition.ShouldBe(2);
        good.GetStatus().StatusCode.ShouldBe(StatusCode.OK);
    }

    [Fact]
    public async Task Cancellation_and_deadlines_reach_the_shard_and_others_go_on()
    {
        var shard = new StreamShard(hasStreams: true)
        {
            Before = (request, ct) => request.K == 1 ? Task.Delay(Timeout.Infinite, ct) : Task.CompletedTask,
        };
        await StartAsync(shard);
        using var stop = new CancellationTokenSource();
        var given = RouterFixture.FailureAsync(SearchAsync(1, cancellationToken: stop.Token));
        var late = RouterFixture.FailureAsync(SearchAsync(1, DateTime.UtcNow.AddSeconds(0.2)));
        (await late).StatusCode.ShouldBe(StatusCode.DeadlineExceeded);
        (await RouterFixture.FailureAsync(SearchAsync(2, DateTime.UtcNow.AddSeconds(-1)))).StatusCode
            .ShouldBe(StatusCode.DeadlineExceeded);
        (await SearchAsync(2)).Stamps.Count.ShouldBe(1);
        await stop.CancelAsync();
        (await given).StatusCode.ShouldBe(StatusCode.Cancelled);
        using (SearchAsync(1))
            await Eventually.HoldsAsync(() => shard.Cancelled == 2, "the shard is told of both");
        await Eventually.HoldsAsync(() => shard.Cancelled == 3, "and of one that was let go");
    }

    [Fact]
    public async Task A_shard_that_ends_fails_what_is_under_way_and_is_found_again()
    {
        var shard = new StreamShard(hasStreams: true)
        {
            Before = (request, ct) => request.K == 1 ? Task.Delay(Timeout.Infinite, ct) : Task.CompletedTask,
        };
        await StartAsync(shard);
        var waiting = Enumerable.Range(0, 20).Select(_ => RouterFixture.FailureAsync(SearchAsync(1))).ToList();
        (await SearchAsync(2)).Stamps.Count.ShouldBe(1);
        await _server!.StopAsync(new CancellationToken(canceled: true));
        await _server.DisposeAsync();
        foreach (var failure in await Task.WhenAll(waiting).WaitAsync(TimeSpan.FromSeconds(60)))
            failure.StatusCode.ShouldBe(StatusCode.Unavailable);
        (await RouterFixture.FailureAsync(SearchAsync(2))).StatusCode.ShouldBe(StatusCode.Unavailable);
        await StartAsync(shard);
        await Eventually.HoldsAsync(async () =>
        {
            try
            {
                return (await SearchAsync(2)).Stamps.Count == 1;
            }
            catch (RpcException error) when (error.StatusCode == StatusCode.Unavailable)
            {
                return false;
            }
        }, "the shard is found again");
    }

    [Fact]
    public async Task A_shard_without_streams_gets_calls()
    {
        var shard = new StreamShard(hasStreams: false);
        await StartAsync(shard);
        for (var i = 0; i < 20; i++)
            (await SearchAsync(i)).Stamps[0].Partition.ShouldBe(i);
        shard.Unary.ShouldBe(20);
    }

    public async ValueTask DisposeAsync()
    {
        _connections.Dispose();
        if (_server is null)
            return;
        await _server.StopAsync(new CancellationToken(canceled: true));
        await _server.DisposeAsync();
    }

    private AsyncUnaryCall<SearchSlicesResponse> SearchAsync(
        int k, DateTime? deadline = null, CancellationToken cancellationToken = default) =>
        _connections.For(_node).SearchSlicesAsync(
            new SearchSlicesRequest { K = k }, deadline: deadline ?? DateTime.UtcNow.AddSeconds(60),
            cancellationToken: cancellationToken);

    private async Task StartAsync(StreamShard shard)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(
            IPAddress.Loopback, _port, listen => listen.Protocols = HttpProtocols.Http2));
        builder.Services.AddSingleton(shard);
        builder.Services.AddGrpc();
        _server = builder.Build();
        _server.MapGrpcService<StreamShard>();
        await _server.StartAsync();
    }
}
