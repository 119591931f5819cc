using System.IO.Pipelines;
using System.Net.Sockets;
using NATS.Client.Core.Protocol;

namespace NATS.Client.Core.Connecting;

/// <summary>One live connection to one server: its stream, the reading end of it, and what the server said of itself.</summary>
internal sealed class ServerLink : IAsyncDisposable
{
    private readonly Socket _socket;

    private ServerLink(Socket socket, ServerAddress server, NatsOpts opts)
    {
        _socket = socket;
        Server = server;
        Stream = new NetworkStream(socket, ownsSocket: true);
        Input = Reader(Stream, opts);
    }

    public ServerAddress Server { get; }

    public Stream Stream { get; private set; }

    public PipeReader Input { get; private set; }

    public ServerInfo Info { get; private set; } = new();

    /// <summary>Connects, greets and is let in.</summary>
    /// <exception cref="NatsException">The server refused, or does not speak NATS.</exception>
    /// <exception cref="SocketException">Nobody answers there.</exception>
    public static async Task<ServerLink> OpenAsync(
        ServerAddress server, NatsOpts opts, Authenticator authenticator, string version, CancellationToken cancellationToken)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(server.Host, server.Port, cancellationToken);
        }
        catch
        {
            socket.Dispose();
            throw;
        }

        var link = new ServerLink(socket, server, opts);
        try
        {
            await link.GreetAsync(opts, authenticator, version, cancellationToken);
            return link;
        }
        catch
        {
            await link.DisposeAsync();
            throw;
        }
    }

    /// <summary>Ends reads and writes under way at once.</summary>
    public void Abort() => _socket.Dispose();

    public async ValueTask DisposeAsync()
    {
        try
        {
            await Input.CompleteAsync();
            await Stream.DisposeAsync();
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException or InvalidOperationException)
        {
            // It is closed all the same.
        }

        _socket.Dispose();
    }

    private async Task GreetAsync(NatsOpts opts, Authenticator authenticator, string version, CancellationToken cancellationToken)
    {
        var tls = opts.TlsOpts.EffectiveMode(Server.SaysTls);
        if (tls == TlsMode.Implicit)
            await EncryptAsync(opts, cancellationToken);
        var greeting = new Greeting();
        await ReadUntilAsync(greeting, () => greeting.Info is not null, cancellationToken);
        Info = greeting.Info!;
        if (tls != TlsMode.Implicit && WantsTls(tls))
            await EncryptAsync(opts, cancellationToken);
        var request = authenticator.Authenticate(
            new ConnectRequest
            {
                Verbose = opts.Verbose,
                Echo = opts.Echo,
                Headers = opts.Headers,
                NoResponders = opts.Headers,
                TlsRequired = Stream is System.Net.Security.SslStream,
                Name = opts.Name,
                Version = version,
            },
            Info);
        var json = System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(request, ProtocolJson.Default.ConnectRequest);
        byte[] greetings = [.. "CONNECT "u8, .. json, .. "\r\nPING\r\n"u8];
        await Stream.WriteAsync(greetings, cancellationToken);
        await ReadUntilAsync(greeting, () => greeting.IsLetIn, cancellationToken);
        Info = greeting.Info!;
    }

    private bool WantsTls(TlsMode mode) => mode switch
    {
        TlsMode.Require when !Info.TlsRequired && !Info.TlsAvailable =>
            throw new NatsException($"{Server} offers no TLS, which is required."),
        TlsMode.Require => true,
        TlsMode.Disable when Info.TlsRequired => throw new NatsException($"{Server} insists on TLS, which is disabled."),
        TlsMode.Disable => false,
        _ => Info.TlsRequired || Info.TlsAvailable,
    };

    private async Task EncryptAsync(NatsOpts opts, CancellationToken cancellationToken)
    {
        Stream = await TlsUpgrade.RunAsync(Stream, Server, opts.TlsOpts, cancellationToken);
        // Whatever came in plain behind the greeting goes with the old reader.
        await Input.CompleteAsync();
        Input = Reader(Stream, opts);
    }

    private static PipeReader Reader(Stream stream, NatsOpts opts) =>
        PipeReader.Create(stream, new StreamPipeReaderOptions(bufferSize: opts.ReaderBufferSize, leaveOpen: true));

    private async Task ReadUntilAsync(Greeting greeting, Func<bool> done, CancellationToken cancellationToken)
    {
        while (!done())
        {
            var read = await Input.ReadAsync(cancellationToken);
            var buffer = read.Buffer;
            ProtocolParser.Parse(ref buffer, greeting);
            Input.AdvanceTo(buffer.Start, buffer.End);
            if (greeting.Error is { } error)
                throw new NatsServerException(error);
            if (read.IsCompleted && !done())
                throw new NatsException($"{Server} closed the connection during the greeting.");
        }
    }

    private sealed class Greeting : IProtocolHandler
    {
        public ServerInfo? Info { get; private set; }

        public bool IsLetIn { get; private set; }

        public string? Error { get; private set; }

        public bool OnMessage(in MessageFrame frame) =>
            throw new NatsProtocolViolationException("A message came before any subscription.");

        public void OnInfo(ServerInfo info) => Info = info;

        public void OnPing()
        {
        }

        public void OnPong() => IsLetIn = true;

        public void OnError(string error) => Error ??= error;
    }
}
