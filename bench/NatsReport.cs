using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using NATS.Client.Core;

namespace Rag.Benchmarks;

/// <summary>
/// Messages a second over a real nats-server, of our client and of npm's, by turns in one run:
/// <c>dotnet run -c Release --project bench -- nats</c>. Publishing ends when the server has answered a ping behind the
/// last message; receiving is timed by the subscriber, from the first message to the last, while another connection
/// publishes as fast as it can. Ours are two connections of one process, npm's two processes of one thread each.
/// </summary>
internal static class NatsReport
{
    private const int Rounds = 3;

    private static readonly (int Bytes, int Messages)[] Sizes = [(16, 1_000_000), (1024, 300_000)];

    public static async Task<int> RunAsync()
    {
        var root = FindRoot();
        var peer = Path.Combine(root, "tests", "Nats.Tests", "Peers", "bench.mjs");
        if (!Directory.Exists(Path.Combine(root, "tests", "Nats.Tests", "node_modules")))
        {
            Console.Error.WriteLine("npm's client is missing: run 'npm ci --ignore-scripts' in tests/Nats.Tests.");
            return 1;
        }

        var port = FreePort();
        var configuration = Path.GetTempFileName();
        // What a subscriber has not read yet must not end its connection here: the slower one is to be measured too.
        await File.WriteAllTextAsync(configuration, $"listen: \"127.0.0.1:{port}\"\nmax_pending: 2GB\nwrite_deadline: \"60s\"\n");
        using var server = Start("nats-server", "-c", configuration);
        try
        {
            await WaitForAsync(server.StandardError, "Server is ready");
            _ = server.StandardError.ReadToEndAsync();
            Console.WriteLine("| messages/s | ours | npm | ratio |\n| --- | --- | --- | --- |");
            foreach (var (bytes, messages) in Sizes)
            {
                await WarmUpAsync(port, bytes);
                await RowAsync($"publish, {bytes} B", () => PublishAsync(port, messages, bytes), () => NpmPublishAsync(peer, port, messages, bytes));
                await RowAsync($"publish to receive, {bytes} B", () => ReceiveAsync(port, messages, bytes), () => NpmReceiveAsync(peer, port, messages, bytes));
            }
        }
        finally
        {
            server.Kill();
            await server.WaitForExitAsync();
            File.Delete(configuration);
        }

        return 0;
    }

    private static async Task RowAsync(string name, Func<Task<double>> ours, Func<Task<double>> npm)
    {
        var (mine, theirs) = (new List<double>(), new List<double>());
        for (var round = 0; round < Rounds; round++)
        {
            mine.Add(await ours());
            theirs.Add(await npm());
        }

        // The median of three: other work on the machine disturbs single rounds.
        mine.Sort();
        theirs.Sort();
        var (a, b) = (mine[Rounds / 2], theirs[Rounds / 2]);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {name} | {a:N0} | {b:N0} | {a / b:0.0} |"));
    }

    private static async Task WarmUpAsync(int port, int bytes)
    {
        await PublishAsync(port, 200_000, bytes);
        await ReceiveAsync(port, 50_000, bytes);
    }

    private static async Task<double> PublishAsync(int port, int messages, int bytes)
    {
        await using var connection = Connect(port);
        await connection.ConnectAsync();
        var payload = new byte[bytes];
        var start = Stopwatch.GetTimestamp();
        for (var i = 0; i < messages; i++)
            await connection.PublishAsync("bench.publish", payload);
        await connection.PingAsync();
        return messages / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private static async Task<double> ReceiveAsync(int port, int messages, int bytes)
    {
        await using var publisher = Connect(port);
        await using var subscriber = Connect(port);
        await publisher.ConnectAsync();
        var opts = new NatsSubOpts { ChannelOpts = new NatsSubChannelOpts { Capacity = 16 * 1024, FullMode = BoundedChannelFullMode.Wait } };
        await using var subscription = await subscriber.SubscribeCoreAsync<NatsMemoryOwner<byte>>("bench.receive", opts: opts);
        var payload = new byte[bytes];
        var publishing = Task.Run(async () =>
        {
            for (var i = 0; i < messages; i++)
                await publisher.PublishAsync("bench.receive", payload);
        });
        long start = 0;
        for (var received = 0; received < messages;)
        {
            if (!subscription.Msgs.TryRead(out var message))
            {
                await subscription.Msgs.WaitToReadAsync();
                continue;
            }

            message.Data.Dispose();
            if (received++ == 0)
                start = Stopwatch.GetTimestamp();
        }

        var rate = messages / Stopwatch.GetElapsedTime(start).TotalSeconds;
        await publishing;
        return rate;
    }

    private static async Task<double> NpmPublishAsync(string peer, int port, int messages, int bytes)
    {
        using var node = Start("node", peer, $"{port}", "publish", "bench.npm.publish", $"{messages}", $"{bytes}");
        return await RateAsync(node);
    }

    private static async Task<double> NpmReceiveAsync(string peer, int port, int messages, int bytes)
    {
        using var receiver = Start("node", peer, $"{port}", "receive", "bench.npm.receive", $"{messages}", $"{bytes}");
        await WaitForAsync(receiver.StandardOutput, "ready");
        using var publisher = Start("node", peer, $"{port}", "publish", "bench.npm.receive", $"{messages}", $"{bytes}");
        var rate = await RateAsync(receiver);
        await publisher.WaitForExitAsync();
        return rate;
    }

    private static async Task<double> RateAsync(Process node)
    {
        var line = await WaitForAsync(node.StandardOutput, "rate ");
        await node.WaitForExitAsync();
        return double.Parse(line["rate ".Length..], CultureInfo.InvariantCulture);
    }

    private static async Task<string> WaitForAsync(StreamReader output, string text)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        while (await output.ReadLineAsync(limit.Token) is { } line)
        {
            if (line.Contains(text, StringComparison.Ordinal))
                return line;
        }

        throw new InvalidOperationException($"A process ended before it said '{text}'.");
    }

    private static NatsConnection Connect(int port) => new(NatsOpts.Default with
    {
        Url = $"nats://127.0.0.1:{port}",
        WriterBufferSize = 1024 * 1024,
        CommandTimeout = TimeSpan.FromMinutes(1),
    });

    private static Process Start(string program, params string[] arguments)
    {
        // Debian puts the server where only root's path looks.
        if (program == "nats-server" && File.Exists("/usr/sbin/nats-server"))
            program = "/usr/sbin/nats-server";
        return Process.Start(new ProcessStartInfo(program, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = program.EndsWith("nats-server", StringComparison.Ordinal),
        })!;
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Rag.Engine.sln")))
            folder = folder.Parent;
        return folder?.FullName ?? throw new DirectoryNotFoundException("Run it from within the repository.");
    }
}
