using NATS.Client.Core;
using NATS.Client.JetStream;
using NATS.Client.JetStream.Models;
using Rag.Nats.Tests.Running;
using Rag.Testing;

namespace Rag.Nats.Tests.JetStream;

/// <summary>On three servers, of which the one dies that leads.</summary>
public class ClusterTests
{
    private readonly CancellationToken _deadline = new CancellationTokenSource(TimeSpan.FromMinutes(3)).Token;

    [Fact]
    public async Task On_a_replicated_stream_exactly_one_of_sixteen_writers_wins_and_reading_outlives_a_server()
    {
        await using var cluster = await NatsCluster.StartAsync();
        var connections = Enumerable.Range(0, 4).Select(_ => new NatsConnection(cluster.Options)).ToArray();
        var js = new NatsJSContext(connections[0], new NatsJSOpts { RequestTimeout = TimeSpan.FromSeconds(3) });
        var stream = await NatsCluster.CreateStreamAsync(js, new StreamConfig("race", ["race.>"]));
        stream.Info.Cluster!.Replicas!.Count.ShouldBe(2);
        var last = 0UL;
        var winners = new List<string>();
        for (var round = 0; round < 20; round++)
        {
            var opts = new NatsJSPubOpts { ExpectedLastSequence = last };
            var acks = await Task.WhenAll(Enumerable.Range(0, 16).Select(writer => Task.Run(async () =>
                (Writer: writer, Ack: await new NatsJSContext(connections[writer % 4])
                    .PublishAsync($"race.{writer}", $"{round}.{writer}", opts: opts, cancellationToken: _deadline)))));
            var winner = acks.Where(ack => ack.Ack.IsSuccess()).ShouldHaveSingleItem();
            winner.Ack.Seq.ShouldBe(last + 1);
            last = winner.Ack.Seq;
            winners.Add($"{round}.{winner.Writer}");
        }

        // The leader dies: what was confirmed is read in order from those that are left, and writing goes on.
        await stream.RefreshAsync(cancellationToken: _deadline);
        var leader = int.Parse(stream.Info.Cluster!.Leader!.AsSpan(1));
        var ordered = await js.CreateOrderedConsumerAsync("race", cancellationToken: _deadline);
        await using var messages = ordered.ConsumeAsync<string>(
            opts: new NatsJSConsumeOpts { Expires = TimeSpan.FromSeconds(1), IdleHeartbeat = TimeSpan.FromMilliseconds(200) },
            cancellationToken: _deadline).GetAsyncEnumerator(_deadline);
        for (var i = 0; i < 10; i++)
            await ReadAsync(winners[i]);
        await cluster.Servers[leader].KillAsync();
        for (var i = 10; i < 20; i++)
            await ReadAsync(winners[i]);
        for (var stored = false; !stored;)
        {
            try
            {
                var opts = new NatsJSPubOpts { ExpectedLastSequence = last, MsgId = "after" };
                var ack = await js.PublishAsync("race.after", "after", opts: opts, cancellationToken: _deadline);
                stored = ack.IsSuccess();
                if (stored)
                    ack.Seq.ShouldBe(last + 1);
            }
            catch (NatsJSPublishNoResponseException)
            {
                // Until another one leads.
            }
        }

        await ReadAsync("after");
        foreach (var connection in connections)
            await connection.DisposeAsync();

        async Task ReadAsync(string expected)
        {
            (await messages.MoveNextAsync()).ShouldBeTrue();
            messages.Current.Data.ShouldBe(expected);
        }
    }
}
