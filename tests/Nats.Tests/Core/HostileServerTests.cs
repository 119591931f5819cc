using System.Net;
using System.Net.Sockets;
using System.Text;
using NATS.Client.Core;
using Rag.Nats.Tests.Running;
using Rag.Testing;

namespace Rag.Nats.Tests.Core;

/// <summary>Servers that do not keep to the protocol.</summary>
public class HostileServerTests
{
    private const string Greeting = "INFO {\"server_id\":\"T\",\"version\":\"0\",\"max_payload\":1000,\"headers\":true}\r\n";

    private readonly CancellationToken _deadline = Deadline.Token();

    [Theory]
    [InlineData("SSH-2.0-OpenSSH_9.2\r\n", "no operation of NATS")]
    [InlineData("-ERR 'maximum connections exceeded'\r\n", "maximum connections exceeded")]
    [InlineData("INFO {}\r\nMSG a 1 1\r\nx\r\n", "before any subscription")]
    public async Task A_server_that_greets_wrongly_is_refused_with_its_fault(string greeting, string fault)
    {
        await using var server = new ScriptedServer(async stream => await stream.WriteAsync(Encoding.UTF8.GetBytes(greeting)));
        await using var connection = new NatsConnection(server.Options);
        (await Should.ThrowAsync<NatsConnectionFailedException>(async () => await connection.ConnectAsync())).Message.ShouldContain(fault);
    }

    [Fact]
    public async Task A_server_that_says_nothing_is_left_after_the_connect_timeout()
    {
        await using var server = new ScriptedServer(async stream => _ = await stream.ReadAsync(new byte[1]));
        await using var connection = new NatsConnection(server.Options with { ConnectTimeout = TimeSpan.FromMilliseconds(200) });
        (await Should.ThrowAsync<NatsConnectionFailedException>(async () => await connection.ConnectAsync())).Message.ShouldContain("did not answer");
    }

    [Fact]
    public async Task Nonsense_after_the_greeting_ends_the_connection_and_the_next_one_is_made()
    {
        var connections = 0;
        await using var server = new ScriptedServer(async stream =>
        {
            await GreetAsync(stream);
            await ReadUntilAsync(stream, "SUB ");
            if (Interlocked.Increment(ref connections) == 1)
                await stream.WriteAsync("MSG a 1 5\r\ntoo long\r\n"u8.ToArray());
            else
                await AnswerPingsAsync(stream);
        });
        await using var connection = new NatsConnection(server.Options);
        var reason = new TaskCompletionSource<string>();
        connection.ConnectionDisconnected += (_, args) =>
        {
            reason.TrySetResult(args.Message);
            return default;
        };
        await using var subscription = await connection.SubscribeCoreAsync<int>("a");
        (await reason.Task.WaitAsync(_deadline)).ShouldContain("does not end where its size says");
        await Eventually.HoldsAsync(() => connection.ConnectionState == NatsConnectionState.Open && connections == 2, "the second connection");
    }

    [Fact]
    public async Task New_servers_and_limits_count_from_the_moment_they_are_told()
    {
        await using var server = new ScriptedServer(async stream =>
        {
            await GreetAsync(stream);
            await stream.WriteAsync(Encoding.UTF8.GetBytes(
                "INFO {\"server_id\":\"T\",\"max_payload\":2000,\"headers\":false,\"connect_urls\":[\"10.0.0.1:1\"]}\r\nPING\r\n"));
            await AnswerPingsAsync(stream);
        });
        await using var connection = new NatsConnection(server.Options);
        await connection.ConnectAsync();
        await Eventually.HoldsAsync(() => connection.ServerInfo!.MaxPayload == 2000, "the second INFO");
        connection.ServerInfo!.ClientConnectUrls.ShouldBe(["10.0.0.1:1"]);
        await connection.PublishAsync("a", new byte[1500]);
        (await Should.ThrowAsync<NatsException>(async () => await connection.PublishAsync("a", 1, new NatsHeaders { ["a"] = "b" })))
            .Message.ShouldContain("headers");
    }

    private static async Task GreetAsync(NetworkStream stream)
    {
        await stream.WriteAsync(Encoding.UTF8.GetBytes(Greeting));
        await ReadUntilAsync(stream, "PING\r\n");
        await stream.WriteAsync("PONG\r\n"u8.ToArray());
    }

    private static async Task AnswerPingsAsync(NetworkStream stream)
    {
        var buffer = new byte[4096];
        while (await stream.ReadAsync(buffer) is > 0 and var count)
        {
            if (Encoding.UTF8.GetString(buffer, 0, count).Contains("PING\r\n", StringComparison.Ordinal))
                await stream.WriteAsync("PONG\r\n"u8.ToArray());
        }
    }

    private static async Task ReadUntilAsync(NetworkStream stream, string text)
    {
        var seen = "";
        var buffer = new byte[4096];
        while (!seen.Contains(text, StringComparison.Ordinal))
        {
            var count = await stream.ReadAsync(buffer);
            if (count == 0)
                return;
            seen += Encoding.UTF8.GetString(buffer, 0, count);
        }
    }

    /// <summary>Accepts connections on loopback and plays a script to each.</summary>
    private sealed class ScriptedServer : IAsyncDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly Task _accepting;

        public ScriptedServer(Func<NetworkStream, Task> script)
        {
            _listener.Start();
            _accepting = AcceptAsync(script);
        }

        public NatsOpts Options => NatsOpts.Default with
        {
            Url = $"nats://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}",
            ReconnectWaitMin = TimeSpan.FromMilliseconds(10),
            ConnectTimeout = TimeSpan.FromSeconds(20),
        };

        public async ValueTask DisposeAsync()
        {
            _listener.Dispose();
            await _accepting;
        }

        private async Task AcceptAsync(Func<NetworkStream, Task> script)
        {
            while (true)
            {
                try
                {
                    var client = await _listener.AcceptTcpClientAsync();
                    _ = Task.Run(async () =>
                    {
                        using (client)
                            await script(client.GetStream());
                    });
                }
                catch (Exception e) when (e is SocketException or ObjectDisposedException)
                {
                    return;
                }
            }
        }
    }
}
