using Google.Protobuf;
using Grpc.AspNetCore.Server;
using Grpc.Core;
using Grpc.Net.Client;
using Grpc.Net.InProcess;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Rag.Testing;

namespace Rag.Transport.Tests.Server;

/// <summary>Services in their host: instances, limits, compression, shutdown.</summary>
public sealed class HostingTests
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(30);

    [Theory]
    [InlineData("transient", 2, 2)]
    [InlineData("scoped", 2, 2)]
    [InlineData("singleton", 1, 0)]
    [InlineData("unregistered", 2, 2)]
    public async Task A_service_lives_as_long_as_it_was_registered_for(string lifetime, int made, int disposed)
    {
        foreach (var http in new[] { true, false })
        {
            var counter = new InstanceCounter();
            await using var host = await CountedAsync(http, services =>
            {
                services.AddSingleton(counter);
                switch (lifetime)
                {
                    case "transient":
                        services.AddTransient<CountedEcho>();
                        break;
                    case "scoped":
                        services.AddScoped<CountedEcho>();
                        break;
                    case "singleton":
                        services.AddSingleton<CountedEcho>();
                        break;
                }
            });
            await host.Client.UnaryAsync(new Ping());
            await host.Client.UnaryAsync(new Ping());
            await Eventually.HoldsAsync(() => counter.Disposed == disposed, "services to be disposed");
            counter.Made.ShouldBe(made);
        }
    }

    [Fact]
    public async Task Messages_beyond_the_limits_are_refused_on_every_side()
    {
        await using var host = await EchoHost.OverHttpAsync(
            options =>
            {
                options.MaxReceiveMessageSize = 2000;
                options.MaxSendMessageSize = 1000;
            },
            new GrpcChannelOptions { MaxSendMessageSize = 3000, MaxReceiveMessageSize = 500 });
        await CheckAsync(400, null);
        await CheckAsync(700, "received message", "700");
        await CheckAsync(1500, "message to send");
        await CheckAsync(2500, "received message");
        await CheckAsync(3500, "message to send");
        await CheckAsync(10, null);

        async Task CheckAsync(int size, string? reason, string? number = null)
        {
            var ping = new Ping { Payload = ByteString.CopyFrom(new byte[size]) };
            if (reason is null)
            {
                await host.Client.UnaryAsync(ping);
                return;
            }

            var e = await Should.ThrowAsync<RpcException>(host.Client.UnaryAsync(ping).ResponseAsync);
            e.StatusCode.ShouldBe(StatusCode.ResourceExhausted);
            e.Status.Detail.ShouldContain(reason);
        }
    }

    [Fact]
    public async Task A_message_too_large_to_send_leaves_the_stream_usable()
    {
        await using var host = await EchoHost.OverHttpAsync(
            channelOptions: new GrpcChannelOptions { MaxSendMessageSize = 100 });
        using var call = host.Client.Collect();
        await call.RequestStream.WriteAsync(new Ping { Number = 1 });
        await Should.ThrowAsync<RpcException>(
            () => call.RequestStream.WriteAsync(new Ping { Payload = ByteString.CopyFrom(new byte[200]) }));
        await call.RequestStream.WriteAsync(new Ping { Number = 2 });
        await call.RequestStream.CompleteAsync();
        (await call).Number.ShouldBe(3);
    }

    [Fact]
    public async Task Messages_are_compressed_both_ways_when_asked_for()
    {
        await using var host = await EchoHost.OverHttpAsync(options => options.ResponseCompressionAlgorithm = "gzip");
        var compressed = new List<bool>();
        host.Service.OnConverse = async (pings, pongs, context) =>
        {
            while (await pings.MoveNext())
            {
                compressed.Add(context.WasLastRequestCompressed());
                pongs.WriteOptions = new WriteOptions(
                    pings.Current.Number == 0 ? WriteFlags.NoCompress : WriteFlags.None);
                await pongs.WriteAsync(ScriptedEcho.Answer(pings.Current));
            }
        };
        var payload = ByteString.CopyFrom(new byte[50_000]);
        using var call = host.Client.Converse(new Metadata { { "grpc-internal-encoding-request", "gzip" } });
        for (var i = 0; i < 4; i++)
        {
            call.RequestStream.WriteOptions = new WriteOptions(i % 2 == 0 ? WriteFlags.None : WriteFlags.NoCompress);
            await call.RequestStream.WriteAsync(new Ping { Number = i % 3, Payload = payload });
            (await call.ResponseStream.MoveNext()).ShouldBeTrue();
            call.ResponseStream.Current.Payload.ShouldBe(payload);
        }

        await call.RequestStream.CompleteAsync();
        (await call.ResponseStream.MoveNext()).ShouldBeFalse();
        compressed.ShouldBe([true, false, true, false]);
    }

    [Fact]
    public async Task A_handler_may_choose_the_compression_of_its_call()
    {
        await using var host = await EchoHost.OverHttpAsync();
        host.Service.OnUnary = async (ping, context) =>
        {
            await context.WriteResponseHeadersAsync(new Metadata { { "grpc-internal-encoding-request", "gzip" } });
            return ScriptedEcho.Answer(ping);
        };
        using var raw = new RawCall();
        var body = new byte[] { 0, 0, 0, 0, 3, 0x12, 1, (byte)'x' };
        var plain = await raw.PostAsync(host.Address, "/rag.transport.tests.Echo/Unary", body);
        plain.Body[0].ShouldBe((byte)0);
        var packed = await raw.PostAsync(host.Address, "/rag.transport.tests.Echo/Unary", body,
            request => request.Headers.Add("grpc-accept-encoding", "identity, gzip"));
        packed.Body[0].ShouldBe((byte)1);
        packed.Headers["grpc-encoding"].ShouldBe("gzip");
    }

    [Fact]
    public async Task Stopping_lets_short_calls_end_and_ends_endless_ones_after_the_drain_time()
    {
        await using var host = await EchoHost.OverHttpAsync(
            options => options.ShutdownDrain = TimeSpan.FromMilliseconds(300));
        var release = new TaskCompletionSource();
        host.Service.OnUnary = async (ping, _) =>
        {
            await release.Task;
            return ScriptedEcho.Answer(ping);
        };
        using var endless = host.Client.Converse();
        await endless.RequestStream.WriteAsync(new Ping { Number = 1 });
        (await endless.ResponseStream.MoveNext()).ShouldBeTrue();
        var shortCall = host.Client.UnaryAsync(new Ping { Number = 2 });
        await Eventually.HoldsAsync(
            () => host.Log.Entries.Any(entry => entry.Text.Contains("Echo/Unary", StringComparison.Ordinal)),
            "the short call to arrive");
        var stopping = host.App.StopAsync();
        release.SetResult();
        (await shortCall).Number.ShouldBe(2);
        var e = await Should.ThrowAsync<RpcException>(endless.ResponseStream.MoveNext().WaitAsync(Soon));
        e.StatusCode.ShouldBe(StatusCode.Unavailable);
        await stopping.WaitAsync(Soon);
    }

    [Fact]
    public async Task More_calls_than_streams_of_a_connection_all_get_through()
    {
        await using var host = await EchoHost.OverHttpAsync(
            limits: new GrpcKestrelOptions { MaxStreamsPerConnection = 4 });
        var all = new TaskCompletionSource();
        var waiting = 0;
        host.Service.OnUnary = async (ping, _) =>
        {
            if (Interlocked.Increment(ref waiting) == 20)
                all.SetResult();
            await all.Task;
            return ScriptedEcho.Answer(ping);
        };
        var calls = Enumerable.Range(0, 20).Select(i => host.Client.UnaryAsync(new Ping { Number = i }).ResponseAsync);
        (await Task.WhenAll(calls).WaitAsync(Soon)).Select(pong => pong.Number).ShouldBe(Enumerable.Range(0, 20));
    }

    [Fact]
    public async Task A_channel_may_use_several_connections()
    {
        await using var host = await EchoHost.OverHttpAsync(channelOptions: new GrpcChannelOptions { Connections = 3 });
        var peers = new HashSet<string>();
        host.Service.OnUnary = (ping, context) =>
        {
            lock (peers)
                peers.Add(context.Peer);
            return Task.FromResult(ScriptedEcho.Answer(ping));
        };
        for (var i = 0; i < 12; i++)
            await host.Client.UnaryAsync(new Ping());
        peers.Count.ShouldBe(3);
        peers.ShouldAllBe(peer => peer.StartsWith("ipv4:127.0.0.1:"));
    }

    [Fact]
    public async Task Wrong_options_are_refused_at_start_all_at_once()
    {
        var e = await Should.ThrowAsync<Microsoft.Extensions.Options.OptionsValidationException>(
            () => EchoHost.OverHttpAsync(options =>
            {
                options.MaxSendMessageSize = -1;
                options.ResponseCompressionAlgorithm = "zip";
            }));
        e.Failures.Count().ShouldBe(2);
        Should.Throw<ArgumentException>(
            () => GrpcChannel.ForAddress("http://localhost", new GrpcChannelOptions { Connections = 0 }));
        Should.Throw<ArgumentException>(() => GrpcChannel.ForAddress("localhost:80"));
        Should.Throw<ArgumentException>(() => GrpcChannel.ForAddress(
            "https://localhost", new GrpcChannelOptions { Credentials = ChannelCredentials.Insecure }));
    }

    private static async Task<EchoHost> CountedAsync(bool http, Action<IServiceCollection> register)
    {
        if (http)
        {
            return await EchoHost.OverHttpAsync(build: builder => register(builder.Services),
                map: app => app.MapGrpcService<CountedEcho>(), mapScripted: false);
        }

        var services = new ServiceCollection();
        register(services);
        return EchoHost.InProcessWith(server => server.Bind<CountedEcho>(), services.BuildServiceProvider());
    }

    private sealed class InstanceCounter
    {
        public int Made;
        public int Disposed;
    }

    private sealed class CountedEcho : Echo.EchoBase, IAsyncDisposable
    {
        private readonly InstanceCounter _counter;

        public CountedEcho(InstanceCounter counter)
        {
            _counter = counter;
            Interlocked.Increment(ref counter.Made);
        }

        public override Task<Pong> Unary(Ping request, ServerCallContext context) =>
            Task.FromResult(ScriptedEcho.Answer(request));

        public ValueTask DisposeAsync()
        {
            Interlocked.Increment(ref _counter.Disposed);
            return default;
        }
    }
}
