using System.Diagnostics.CodeAnalysis;

namespace NATS.Client.Core.Connecting;

/// <summary>Where a server listens.</summary>
/// <param name="Host">Name or address.</param>
/// <param name="Port">Port.</param>
/// <param name="SaysTls">Whether the URL's scheme was tls.</param>
/// <param name="TlsName">The name that its certificate must have: its own host, or, for an address that a server told
/// of, the host that led there.</param>
/// <param name="IsSeed">Whether it stands in the options; others come and go with what servers tell.</param>
internal sealed record ServerAddress(string Host, int Port, bool SaysTls, string TlsName, bool IsSeed)
{
    private const int DefaultPort = 4222;

    public Uri Uri => new UriBuilder(SaysTls ? "tls" : "nats", Host, Port).Uri;

    public bool IsSamePlace(ServerAddress other) =>
        Port == other.Port && string.Equals(Host, other.Host, StringComparison.OrdinalIgnoreCase);

    /// <summary>What is wrong with a URL, or null. Never repeats credentials.</summary>
    public static string? FaultOf(string url)
    {
        if (!TryParse(url, out var uri))
            return "each server must be a URL such as nats://localhost:4222.";
        return uri.Scheme is "nats" or "tls" ? null : $"the scheme {uri.Scheme} is not supported, only nats and tls.";
    }

    /// <summary>A server of the options.</summary>
    public static ServerAddress Seed(string url) => TryParse(url, out var uri)
        ? new ServerAddress(uri.IdnHost, uri.Port > 0 ? uri.Port : DefaultPort, uri.Scheme == "tls", uri.IdnHost, true)
        : throw new ArgumentException("No server URL.", nameof(url));

    /// <summary>A server that another one told of, as host:port; null where it cannot be read.</summary>
    public static ServerAddress? Told(string hostAndPort, ServerAddress by)
    {
        if (!TryParse(hostAndPort, out var uri) || uri.Host.Length == 0)
            return null;
        var host = uri.IdnHost;
        var tlsName = uri.HostNameType is UriHostNameType.IPv4 or UriHostNameType.IPv6 ? by.TlsName : host;
        return new ServerAddress(host, uri.Port > 0 ? uri.Port : DefaultPort, by.SaysTls, tlsName, false);
    }

    /// <summary>User and password, or a token, in the first URL.</summary>
    public static (string? User, string? Password, string? Token) CredentialsOf(string urls)
    {
        if (!TryParse(urls.Split(',')[0], out var uri) || uri.UserInfo.Length == 0)
            return default;
        var parts = uri.UserInfo.Split(':', 2);
        return parts.Length == 2
            ? (Uri.UnescapeDataString(parts[0]), Uri.UnescapeDataString(parts[1]), null)
            : (null, null, Uri.UnescapeDataString(parts[0]));
    }

    public override string ToString() => Uri.ToString();

    private static bool TryParse(string url, [NotNullWhen(true)] out Uri? uri)
    {
        url = url.Trim();
        if (!url.Contains("://", StringComparison.Ordinal))
            url = "nats://" + url;
        return Uri.TryCreate(url, UriKind.Absolute, out uri) && uri.Host.Length > 0;
    }
}
