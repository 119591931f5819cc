using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Grpc.AspNetCore.Server;

/// <summary>HTTP/2 limits of a gRPC server.</summary>
public sealed class GrpcKestrelOptions
{
    /// <summary>Calls at a time on one connection; 100 by default.</summary>
    public int MaxStreamsPerConnection { get; init; } = 100;

    /// <summary>Bytes that a client may send ahead on one stream; 768 KiB by default.</summary>
    public int StreamWindowBytes { get; init; } = 768 * 1024;

    /// <summary>Bytes that a client may send ahead on one connection; 4 MiB by default.</summary>
    public int ConnectionWindowBytes { get; init; } = 4 * 1024 * 1024;

    /// <summary>A connection without traffic for this long is pinged; 30 s by default.</summary>
    public TimeSpan KeepAlivePingDelay { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>A ping unanswered for this long closes its connection; 20 s by default.</summary>
    public TimeSpan KeepAlivePingTimeout { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>Largest request headers of a call in bytes; 64 KiB by default.</summary>
    public int MaxRequestHeadersBytes { get; init; } = 64 * 1024;
}

/// <summary>Prepares Kestrel for gRPC.</summary>
public static class GrpcKestrelExtensions
{
    /// <summary>
    /// Sets HTTP/2's limits for all endpoints of a server, and lifts the minimum response rate: a client that reads a
    /// stream slowly holds back that stream, and must not lose its connection for it.
    /// </summary>
    public static KestrelServerOptions ConfigureGrpcLimits(
        this KestrelServerOptions server, GrpcKestrelOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(server);
        options ??= new GrpcKestrelOptions();
        var http2 = server.Limits.Http2;
        http2.MaxStreamsPerConnection = options.MaxStreamsPerConnection;
        http2.InitialStreamWindowSize = options.StreamWindowBytes;
        http2.InitialConnectionWindowSize = Math.Max(options.ConnectionWindowBytes, options.StreamWindowBytes);
        http2.KeepAlivePingDelay = options.KeepAlivePingDelay;
        http2.KeepAlivePingTimeout = options.KeepAlivePingTimeout;
        server.Limits.MaxRequestHeadersTotalSize = options.MaxRequestHeadersBytes;
        server.Limits.MinResponseDataRate = null;
        server.AddServerHeader = false;
        return server;
    }

    /// <summary>Makes an endpoint speak cleartext HTTP/2 (prior knowledge) only, as gRPC without TLS needs.</summary>
    public static ListenOptions UseGrpcCleartext(this ListenOptions listen)
    {
        ArgumentNullException.ThrowIfNull(listen);
        listen.Protocols = HttpProtocols.Http2;
        return listen;
    }

    /// <summary>Makes an endpoint speak HTTP/2 over TLS only, with the certificate that the options hold.</summary>
    public static ListenOptions UseGrpcTls(
        this ListenOptions listen, Action<Microsoft.AspNetCore.Server.Kestrel.Https.HttpsConnectionAdapterOptions> tls)
    {
        ArgumentNullException.ThrowIfNull(listen);
        listen.Protocols = HttpProtocols.Http2;
        Microsoft.AspNetCore.Hosting.ListenOptionsHttpsExtensions.UseHttps(listen, tls);
        return listen;
    }
}
