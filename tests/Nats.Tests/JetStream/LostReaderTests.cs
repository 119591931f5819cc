using NATS.Client.Core;
using NATS.Client.JetStream;
using NATS.Client.JetStream.Models;
using Rag.Testing;

namespace Rag.Nats.Tests.JetStream;

/// <summary>On three servers, of which the one dies that has the reader; elections take seconds: a class of its own, beside others.</summary>
public class LostReaderTests
{
    private readonly CancellationToken _deadline = new CancellationTokenSource(TimeSpan.FromMinutes(3)).Token;

    [Fact]
    public async Task Reading_in_order_goes_on_when_the_server_dies_that_had_the_reader()
    {
        await using var cluster = await NatsCluster.StartAsync();
        await using var connection = new NatsConnection(cluster.Options);
        var js = new NatsJSContext(connection, new NatsJSOpts { RequestTimeout = TimeSpan.FromSeconds(3) });
        await NatsCluster.CreateStreamAsync(js, new StreamConfig("read", ["read.>"]));
        for (var i = 0; i < 2; i++)
            (await js.PublishAsync("read.it", $"{i}", cancellationToken: _deadline)).EnsureSuccess();
        var ordered = await js.CreateOrderedConsumerAsync("read", cancellationToken: _deadline);
        await using var messages = ordered.ConsumeAsync<string>(
            opts: new NatsJSConsumeOpts { MaxMsgs = 1, Expires = TimeSpan.FromSeconds(1), IdleHeartbeat = TimeSpan.FromMilliseconds(200) },
            cancellationToken: _deadline).GetAsyncEnumerator(_deadline);
        (await messages.MoveNextAsync()).ShouldBeTrue();
        // It lies in the memory of one server alone, which does not come back.
        await cluster.Servers[int.Parse(ordered.Info.Cluster!.Leader!.AsSpan(1))].KillAsync();
        (await messages.MoveNextAsync()).ShouldBeTrue();
        messages.Current.Data.ShouldBe("1");
    }
}
