using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace NATS.Client.Core.Connecting;

/// <summary>Turns a plain stream into an encrypted one.</summary>
internal static class TlsUpgrade
{
    /// <exception cref="NatsException">The handshake failed, or a certificate cannot be read.</exception>
    public static async Task<SslStream> RunAsync(Stream plain, ServerAddress server, NatsTlsOpts opts,
        CancellationToken cancellationToken)
    {
        var secure = new SslStream(plain);
        try
        {
            var options = Options(server, opts);
            if (opts.ConfigureClientAuthentication is { } configure)
                await configure(options);
            await secure.AuthenticateAsClientAsync(options, cancellationToken);
            return secure;
        }
        catch (Exception e) when (e is System.Security.Authentication.AuthenticationException or IOException or CryptographicException)
        {
            await secure.DisposeAsync();
            throw new NatsException($"TLS with {server} failed: {e.Message}", e);
        }
        catch
        {
            await secure.DisposeAsync();
            throw;
        }
    }

    private static SslClientAuthenticationOptions Options(ServerAddress server, NatsTlsOpts opts)
    {
        var options = new SslClientAuthenticationOptions { TargetHost = server.TlsName };
        if (opts.CertFile is not null)
            options.ClientCertificates = [FromPem(opts.CertFile, opts.KeyFile!)];
        else if (opts.CertBundleFile is not null)
            options.ClientCertificates =
                [X509CertificateLoader.LoadPkcs12FromFile(opts.CertBundleFile, opts.CertBundleFilePassword)];
        if (opts.InsecureSkipVerify)
        {
#pragma warning disable CA5359 // Asked for by name.
            options.RemoteCertificateValidationCallback = (_, _, _, _) => true;
#pragma warning restore CA5359
        }
        else if (opts.CaFile is not null)
        {
            var policy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                // Authorities of one's own seldom publish revocations.
                RevocationMode = X509RevocationMode.NoCheck,
            };
            policy.CustomTrustStore.ImportFromPemFile(opts.CaFile);
            options.CertificateChainPolicy = policy;
        }

        return options;
    }

    private static X509Certificate2 FromPem(string certFile, string keyFile)
    {
        using var pem = X509Certificate2.CreateFromPemFile(certFile, keyFile);
        // Windows' TLS does not take a key that is only in memory.
        return OperatingSystem.IsWindows()
            ? X509CertificateLoader.LoadPkcs12(pem.Export(X509ContentType.Pkcs12), null)
            : X509Certificate2.CreateFromPemFile(certFile, keyFile);
    }
}
