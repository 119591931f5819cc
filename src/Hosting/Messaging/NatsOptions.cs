using NATS.Client.Core;

namespace Rag.Hosting.Messaging;

/// <summary>
/// How a process reaches NATS: section <c>Nats</c> of the options. Immutable; without <see cref="Urls"/> there is no NATS.
/// Credentials are of one kind: user and password, a token, a credentials file (JWT), or an NKEY seed file.
/// </summary>
public sealed record NatsOptions
{
    /// <summary>
    /// Servers of the NATS cluster, as nats://127.0.0.1:4222 or tls://nats-0.example:4222; one string may name several,
    /// separated by commas. Default: none.
    /// </summary>
    public IReadOnlyList<string> Urls { get; init; } = [];

    /// <summary>Name of the cluster: clusters that share one NATS differ in it. 1 to 32 letters, digits, '-' or '_'. "main".</summary>
    public string Cluster { get; init; } = "main";

    /// <summary>Copies of each stream, 1 to 5. Default: 3 where three or more servers are named, else 1.</summary>
    public int? StreamReplicas { get; init; }

    /// <summary>User name.</summary>
    public string? User { get; init; }

    /// <summary>Password of <see cref="User"/>.</summary>
    public string? Password { get; init; }

    /// <summary>Token.</summary>
    public string? Token { get; init; }

    /// <summary>Path of a .creds file: a user JWT and its seed. Read again at each connect, so it may be renewed.</summary>
    public string? CredsFile { get; init; }

    /// <summary>Path of a file that holds the seed of a user key (NKEY).</summary>
    public string? NKeyFile { get; init; }

    /// <summary>Transport security.</summary>
    public NatsTlsOptions Tls { get; init; } = new();

    /// <summary>Limit of one attempt to connect. 2 s.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How long a request waits for its answer. 5 s.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How often a server is asked whether it is there. One that leaves two questions unanswered is lost, as a machine
    /// without power and a cut wire tell nobody of their end; the next one is tried within three intervals. 2 s.
    /// </summary>
    public TimeSpan PingInterval { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How long a start waits for NATS where it cannot go on without. 15 s.</summary>
    public TimeSpan StartPatience { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Whether any server is named.</summary>
    public bool IsSet => Servers.Any();

    /// <summary><see cref="Urls"/> one by one.</summary>
    public IEnumerable<string> Servers => Urls.SelectMany(static url =>
        url.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));

    /// <summary>Copies of each stream: what is set, else what the number of servers allows.</summary>
    public int Replicas => StreamReplicas ?? (Servers.Count() >= 3 ? 3 : 1);

    /// <summary>A subject of this cluster: <c>rag.main.topology</c> for <c>topology</c>.</summary>
    public string Subject(string rest) => $"rag.{Cluster}.{rest}";

    /// <summary>A stream or bucket of this cluster: <c>rag-main-topology</c> for <c>topology</c>.</summary>
    public string Stream(string name) => $"rag-{Cluster}-{name}";

    /// <summary>Every error in these options, by key; empty when they are usable.</summary>
    public IReadOnlyList<string> Validate()
    {
        var errors = new List<string>();
        if (Cluster is not { Length: >= 1 and <= 32 } || !Cluster.All(static c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_'))
            errors.Add($"{nameof(Cluster)} must be 1 to 32 letters, digits, '-' or '_'");
        if (StreamReplicas is < 1 or > 5)
            errors.Add($"{nameof(StreamReplicas)} must be 1 to 5");
        foreach (var url in Servers)
        {
            if (!Uri.TryCreate(url, UriKind.Absolute, out var address) || address.Scheme is not ("nats" or "tls"))
                errors.Add($"{nameof(Urls)}: an address such as nats://127.0.0.1:4222 is expected");
        }

        if (User is null != Password is null)
            errors.Add($"{nameof(User)} and {nameof(Password)} go together");
        if (new[] { User, Token, CredsFile, NKeyFile }.Count(static way => way is not null) > 1)
            errors.Add($"only one of {nameof(User)}, {nameof(Token)}, {nameof(CredsFile)} and {nameof(NKeyFile)} may be set");
        foreach (var file in new[] { CredsFile, NKeyFile, Tls.CaFile, Tls.CertFile, Tls.KeyFile })
        {
            if (file is not null && !File.Exists(file))
                errors.Add($"there is no file {file}");
        }

        if (Tls.CertFile is null != Tls.KeyFile is null)
            errors.Add($"{nameof(Tls)}.{nameof(Tls.CertFile)} and {nameof(Tls)}.{nameof(Tls.KeyFile)} go together");
        if (ConnectTimeout <= TimeSpan.Zero || RequestTimeout <= TimeSpan.Zero || PingInterval <= TimeSpan.Zero || StartPatience <= TimeSpan.Zero)
            errors.Add($"{nameof(ConnectTimeout)}, {nameof(RequestTimeout)}, {nameof(PingInterval)} and {nameof(StartPatience)} must be above 0");
        return errors;
    }

    /// <summary>Says which credentials are set, never their values.</summary>
    public override string ToString() => $"NatsOptions {{ {Servers.Count()} servers, cluster {Cluster} }}";
}

/// <summary>Transport security of NATS: section <c>Nats:Tls</c>.</summary>
public sealed record NatsTlsOptions
{
    /// <summary>Whether to encrypt: Auto (where a file below is set, a URL says tls or the server asks), Require, Implicit, Disable.</summary>
    public TlsMode Mode { get; init; } = TlsMode.Auto;

    /// <summary>Authorities (PEM) that a server's certificate must come from, instead of the system's.</summary>
    public string? CaFile { get; init; }

    /// <summary>The client's certificate (PEM).</summary>
    public string? CertFile { get; init; }

    /// <summary>Private key of <see cref="CertFile"/> (PEM).</summary>
    public string? KeyFile { get; init; }
}
