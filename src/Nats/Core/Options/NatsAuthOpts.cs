namespace NATS.Client.Core;

/// <summary>
/// Credentials. At most one kind is used, in this order: credentials file or text, seed with JWT, seed (NKEY), token,
/// user and password. What a URL holds counts only where nothing is set here.
/// </summary>
public sealed record NatsAuthOpts
{
    /// <summary>No credentials.</summary>
    public static readonly NatsAuthOpts Default = new();

    /// <summary>User name.</summary>
    public string? Username { get; init; }

    /// <summary>Password of <see cref="Username"/>.</summary>
    public string? Password { get; init; }

    /// <summary>Token.</summary>
    public string? Token { get; init; }

    /// <summary>User JWT; needs <see cref="Seed"/> to sign the server's nonce.</summary>
    public string? Jwt { get; init; }

    /// <summary>Public user key (U…), for a check against <see cref="Seed"/>; derived from it where absent.</summary>
    public string? NKey { get; init; }

    /// <summary>Seed of a user key (SU…), an Ed25519 key in NATS' base32 form.</summary>
    public string? Seed { get; init; }

    /// <summary>Path of a .creds file: a user JWT and a seed. Read again at each connect, so it may be renewed.</summary>
    public string? CredsFile { get; init; }

    /// <summary>Text of a .creds file.</summary>
    public string? Creds { get; init; }

    /// <summary>Path of a file that holds a seed.</summary>
    public string? NKeyFile { get; init; }

    /// <summary>Whether nothing is set.</summary>
    internal bool IsAnonymous => (Username ?? Password ?? Token ?? Jwt ?? Seed ?? CredsFile ?? Creds ?? NKeyFile) is null;

    /// <summary>Says which kinds are set, never their values.</summary>
    public override string ToString() => IsAnonymous ? "NatsAuthOpts { none }" : "NatsAuthOpts { set }";
}
