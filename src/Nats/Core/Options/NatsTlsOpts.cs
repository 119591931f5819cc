using System.Net.Security;

namespace NATS.Client.Core;

/// <summary>Whether a connection is encrypted.</summary>
public enum TlsMode
{
    /// <summary>Encrypted where a certificate or authority is set, the URL says <c>tls</c> or the server asks.</summary>
    Auto,

    /// <summary>Encrypted where the server can, plain otherwise.</summary>
    Prefer,

    /// <summary>Encrypted, or no connection.</summary>
    Require,

    /// <summary>Encrypted before the server's greeting (servers with handshake_first).</summary>
    Implicit,

    /// <summary>Never encrypted; no connection where the server insists.</summary>
    Disable,
}

/// <summary>Transport security: what the client shows and whom it trusts.</summary>
public sealed record NatsTlsOpts
{
    /// <summary>Encrypted where the server asks; trust as the system has it.</summary>
    public static readonly NatsTlsOpts Default = new();

    /// <summary>Path of the client's certificate (PEM).</summary>
    public string? CertFile { get; init; }

    /// <summary>Path of the private key of <see cref="CertFile"/> (PEM).</summary>
    public string? KeyFile { get; init; }

    /// <summary>Path of a PKCS#12 file with the client's certificate and key.</summary>
    public string? CertBundleFile { get; init; }

    /// <summary>Password of <see cref="CertBundleFile"/>.</summary>
    public string? CertBundleFilePassword { get; init; }

    /// <summary>Path of the authorities (PEM) that a server's certificate must come from, instead of the system's.</summary>
    public string? CaFile { get; init; }

    /// <summary>Accepts any certificate of the server. For tests only (false).</summary>
    public bool InsecureSkipVerify { get; init; }

    /// <summary>Whether to encrypt (Auto).</summary>
    public TlsMode Mode { get; init; } = TlsMode.Auto;

    /// <summary>Changes the handshake's options last of all.</summary>
    public Func<SslClientAuthenticationOptions, ValueTask>? ConfigureClientAuthentication { get; init; }

    internal bool HasCertificates => (CertFile ?? KeyFile ?? CertBundleFile ?? CaFile) is not null;

    internal TlsMode EffectiveMode(bool urlSaysTls) => Mode switch
    {
        TlsMode.Auto when HasCertificates || urlSaysTls => TlsMode.Require,
        TlsMode.Auto => TlsMode.Prefer,
        _ => Mode,
    };
}
