using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using NATS.Client.Core;
using Rag.Hosting.Messaging;
using Rag.Testing;

namespace Rag.Hosting.Tests;

public sealed class NatsOptionsTests
{
    [Fact]
    public async Task A_process_has_one_connection_for_all_that_it_does_with_nats()
    {
        var services = new ServiceCollection();
        var options = new NatsOptions { Urls = ["nats://127.0.0.1:1, nats://127.0.0.1:2", "tls://127.0.0.1:3"], Token = "secret" };
        await using var connection = services.AddNats(options, NullLoggerFactory.Instance);
        var provider = services.BuildServiceProvider();
        provider.GetRequiredService<INatsConnection>().ShouldBeSameAs(connection);
        provider.GetRequiredService<NatsOptions>().Replicas.ShouldBe(3);
        connection.Opts.Url.ShouldBe("nats://127.0.0.1:1,nats://127.0.0.1:2,tls://127.0.0.1:3");
        connection.ConnectionState.ShouldBe(NatsConnectionState.Closed, "it connects at its first use");
        options.ToString().ShouldNotContain("secret");
    }

    [Fact]
    public async Task A_server_that_says_nothing_any_more_is_left_for_another()
    {
        await using var one = await NatsServer.StartAsync(jetStream: false);
        await using var two = await NatsServer.StartAsync(jetStream: false);
        await using var toOne = new FaultProxy(one.Port);
        await using var toTwo = new FaultProxy(two.Port);
        var options = new NatsOptions
        {
            Urls = [$"nats://127.0.0.1:{toOne.Port}", $"nats://127.0.0.1:{toTwo.Port}"], PingInterval = TimeSpan.FromMilliseconds(100),
        };
        await using var connection = new ServiceCollection().AddNats(options, NullLoggerFactory.Instance);
        await connection.ConnectAsync();
        var former = connection.ServerInfo!.Port;
        // As when its machine loses power, or the wire is cut: no end of the connection is told.
        (former == one.Port ? toOne : toTwo).Silence();
        await Eventually.HoldsAsync(
            () => connection.ConnectionState == NatsConnectionState.Open && connection.ServerInfo.Port != former, "the other server is used");
    }

    [Fact]
    public void Every_wrong_option_is_named()
    {
        var options = new NatsOptions
        {
            Urls = ["http://127.0.0.1:1"],
            Cluster = "a.b",
            User = "u",
            Token = "t",
            CredsFile = "/no/such/file",
            PingInterval = TimeSpan.Zero,
            Tls = new NatsTlsOptions { CertFile = "/no/such/certificate" },
        };
        var message = Should.Throw<ArgumentException>(
            () => new ServiceCollection().AddNats(options, NullLoggerFactory.Instance)).Message;
        foreach (var part in new[] { "Urls", "Cluster", "Password", "only one", "/no/such/file", "KeyFile", "PingInterval" })
            message.ShouldContain(part);
    }
}
