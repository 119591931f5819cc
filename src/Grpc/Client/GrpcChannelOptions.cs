using Grpc.Core;
using Grpc.Net.Compression;

namespace Grpc.Net.Client;

/// <summary>How a channel reaches its server; read once, when the channel is made.</summary>
public sealed class GrpcChannelOptions
{
    /// <summary>Cleartext or TLS, with call credentials if wanted; null follows the address's scheme.</summary>
    public ChannelCredentials? Credentials { get; set; }

    /// <summary>Largest request message in bytes before compression; null, the default, is no limit.</summary>
    public int? MaxSendMessageSize { get; set; }

    /// <summary>Largest response message in bytes after unpacking; 4 MiB by default, null is no limit.</summary>
    public int? MaxReceiveMessageSize { get; set; } = 4 * 1024 * 1024;

    /// <summary>The compressions understood; gzip and deflate by default.</summary>
    public IList<ICompressionProvider>? CompressionProviders { get; set; }

    /// <summary>
    /// What to send requests with instead of an own handler; the connection's options then do nothing.
    /// </summary>
    public HttpMessageHandler? HttpHandler { get; set; }

    /// <summary>What to send requests with instead of a handler.</summary>
    public HttpClient? HttpClient { get; set; }

    /// <summary>Whether <see cref="HttpHandler"/> or <see cref="HttpClient"/> is disposed with the channel.</summary>
    public bool DisposeHttpClient { get; set; }

    /// <summary>Whether cancelled calls throw OperationCanceledException, not RpcException; false by default.</summary>
    public bool ThrowOperationCanceledOnCancellation { get; set; }

    /// <summary>Whether call credentials go over cleartext too; false by default: anybody could read them.</summary>
    public bool UnsafeUseInsecureChannelCallCredentials { get; set; }

    /// <summary>
    /// HTTP/2 connections that calls take turns on; 1 by default. One connection is one TCP stream and one writer on
    /// either side, so several help a busy client with cores to spare. A connection whose streams are all taken opens
    /// a further one by itself.
    /// </summary>
    public int Connections { get; set; } = 1;

    /// <summary>How long connecting may take before calls fail with UNAVAILABLE; 10 s by default.</summary>
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>A connection with calls but without traffic for this long is pinged; 30 s by default.</summary>
    public TimeSpan KeepAlivePingDelay { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>A ping unanswered for this long closes its connection; 10 s by default.</summary>
    public TimeSpan KeepAlivePingTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Bytes that the server may send ahead on one stream at first; 256 KiB by default.</summary>
    public int InitialStreamWindowBytes { get; set; } = 256 * 1024;

    internal void Validate()
    {
        var errors = new List<string>();
        if (MaxSendMessageSize < 0)
            errors.Add("MaxSendMessageSize must not be negative.");
        if (MaxReceiveMessageSize < 0)
            errors.Add("MaxReceiveMessageSize must not be negative.");
        if (Connections is < 1 or > 64)
            errors.Add("Connections must be 1–64.");
        if (InitialStreamWindowBytes is < 65_535 or > 16 * 1024 * 1024)
            errors.Add("InitialStreamWindowBytes must be 65,535–16,777,216.");
        if (HttpHandler is not null && HttpClient is not null)
            errors.Add("Only one of HttpHandler and HttpClient can be set.");
        if (errors.Count > 0)
            throw new ArgumentException(string.Join(' ', errors));
    }
}
