namespace Grpc.Core;

/// <summary>How a channel protects itself. Immutable and thread-safe.</summary>
public abstract class ChannelCredentials
{
    /// <summary>Cleartext HTTP/2.</summary>
    public static ChannelCredentials Insecure { get; } = new InsecureCredentials();

    /// <summary>TLS with the machine's root certificates.</summary>
    public static ChannelCredentials SecureSsl { get; } = new SslCredentials();

    /// <summary>Credentials of the channel together with what each call carries.</summary>
    public static ChannelCredentials Create(ChannelCredentials channelCredentials, CallCredentials callCredentials) =>
        new CompositeCredentials(channelCredentials, callCredentials);

    internal virtual SslCredentials? Ssl => null;

    internal virtual CallCredentials? Calls => null;

    private sealed class InsecureCredentials : ChannelCredentials;

    private sealed class CompositeCredentials : ChannelCredentials
    {
        private readonly ChannelCredentials _channel;

        public CompositeCredentials(ChannelCredentials channel, CallCredentials calls)
        {
            ArgumentNullException.ThrowIfNull(channel);
            ArgumentNullException.ThrowIfNull(calls);
            _channel = channel;
            Calls = channel.Calls is null ? calls : CallCredentials.Compose(channel.Calls, calls);
        }

        internal override SslCredentials? Ssl => _channel.Ssl;

        internal override CallCredentials Calls { get; }
    }
}

/// <summary>TLS. Immutable and thread-safe.</summary>
public sealed class SslCredentials : ChannelCredentials
{
    /// <summary>TLS with the machine's root certificates.</summary>
    public SslCredentials()
    {
    }

    /// <summary>TLS that trusts the given roots only.</summary>
    /// <param name="rootCertificates">PEM text of one or more certificates, or null for the machine's.</param>
    /// <param name="keyCertificatePair">What this client shows of itself, or null.</param>
    public SslCredentials(string? rootCertificates, KeyCertificatePair? keyCertificatePair = null)
    {
        RootCertificates = rootCertificates;
        KeyCertificatePair = keyCertificatePair;
    }

    /// <summary>PEM text of the trusted roots, or null for the machine's.</summary>
    public string? RootCertificates { get; }

    /// <summary>The client's own certificate, or null.</summary>
    public KeyCertificatePair? KeyCertificatePair { get; }

    internal override SslCredentials Ssl => this;
}

/// <summary>A certificate chain with its private key, both PEM text.</summary>
public sealed class KeyCertificatePair(string certificateChain, string privateKey)
{
    /// <summary>PEM text of the chain, leaf first.</summary>
    public string CertificateChain { get; } = certificateChain;

    /// <summary>PEM text of the key.</summary>
    public string PrivateKey { get; } = privateKey;
}
