using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Grpc.Core;

namespace Grpc.Net.Client;

/// <summary>Makes what a channel sends its requests with.</summary>
internal static class ChannelTransports
{
    /// <summary>One transport for each connection, and whether the channel disposes them.</summary>
    public static (HttpMessageInvoker[] Transports, bool Owned) Create(Uri address, GrpcChannelOptions options)
    {
        if (options.HttpClient is not null)
            return ([options.HttpClient], options.DisposeHttpClient);
        if (options.HttpHandler is not null)
        {
            return ([new HttpMessageInvoker(options.HttpHandler, options.DisposeHttpClient)],
                options.DisposeHttpClient);
        }

        var transports = new HttpMessageInvoker[options.Connections];
        for (var i = 0; i < transports.Length; i++)
            transports[i] = new HttpMessageInvoker(CreateHandler(address, options), disposeHandler: true);
        return (transports, true);
    }

    private static SocketsHttpHandler CreateHandler(Uri address, GrpcChannelOptions options)
    {
        var handler = new SocketsHttpHandler
        {
            EnableMultipleHttp2Connections = true,
            PooledConnectionIdleTimeout = Timeout.InfiniteTimeSpan,
            ConnectTimeout = options.ConnectTimeout,
            KeepAlivePingDelay = options.KeepAlivePingDelay,
            KeepAlivePingTimeout = options.KeepAlivePingTimeout,
            KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
            InitialHttp2StreamWindowSize = options.InitialStreamWindowBytes,
            AllowAutoRedirect = false,
            UseCookies = false,
            // Proxies of the environment understand TLS tunnels, not cleartext HTTP/2.
            UseProxy = address.Scheme == Uri.UriSchemeHttps,
        };
        if (options.Credentials?.Ssl is { } ssl)
            ConfigureTls(handler.SslOptions, ssl);
        return handler;
    }

    private static void ConfigureTls(SslClientAuthenticationOptions tls, SslCredentials credentials)
    {
        if (credentials.RootCertificates is { } roots)
        {
            var policy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                RevocationMode = X509RevocationMode.NoCheck,
            };
            policy.CustomTrustStore.ImportFromPem(roots);
            tls.CertificateChainPolicy = policy;
        }

        if (credentials.KeyCertificatePair is { } pair)
        {
            var certificate = X509Certificate2.CreateFromPem(pair.CertificateChain, pair.PrivateKey);
            tls.ClientCertificates = [certificate];
        }
    }
}
