using NATS.Client.Core.Protocol;

namespace NATS.Client.Core.Connecting;

/// <summary>Puts credentials into a CONNECT, signing the server's nonce where they are keys.</summary>
internal sealed class Authenticator(NatsOpts opts)
{
    private const int MaxCredentialsBytes = 1024 * 1024;

    /// <exception cref="NatsException">Credentials cannot be read, or do not fit one another.</exception>
    public ConnectRequest Authenticate(ConnectRequest request, ServerInfo info)
    {
        var auth = opts.AuthOpts;
        if (auth.CredsFile is not null || auth.Creds is not null)
        {
            var text = auth.CredsFile is null ? auth.Creds! : ReadFile(auth.CredsFile);
            var seed = NKeySeed.Parse(Block(text, "USER NKEY SEED"));
            return request with { Jwt = Block(text, "NATS USER JWT"), Signature = Sign(seed, info) };
        }

        if (auth.Seed is not null || auth.NKeyFile is not null)
        {
            var seed = NKeySeed.Parse(auth.Seed ?? ReadFile(auth.NKeyFile!));
            if (auth.NKey is not null && auth.NKey != seed.PublicKey)
                throw new NatsException("AuthOpts: NKey is not the public key of Seed.");
            return auth.Jwt is not null
                ? request with { Jwt = auth.Jwt, Signature = Sign(seed, info) }
                : request with { NKey = seed.PublicKey, Signature = Sign(seed, info) };
        }

        if (!auth.IsAnonymous)
            return request with { User = auth.Username, Password = auth.Password, Token = auth.Token };
        var (user, password, token) = ServerAddress.CredentialsOf(opts.Url);
        return request with { User = user, Password = password, Token = token };
    }

    private static string Sign(NKeySeed seed, ServerInfo info) => info.Nonce is { Length: > 0 } nonce
        ? seed.Sign(nonce)
        : throw new NatsException("The server sent no nonce to sign: it does not take keys or JWTs.");

    private static string ReadFile(string path)
    {
        try
        {
            if (new FileInfo(path).Length > MaxCredentialsBytes)
                throw new NatsException($"{path} is too large to hold credentials.");
            return File.ReadAllText(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new NatsException($"Credentials cannot be read: {e.Message}", e);
        }
    }

    /// <summary>What stands between a BEGIN and an END line; their dashes vary between tools.</summary>
    private static string Block(string text, string name)
    {
        var lines = text.Split('\n', StringSplitOptions.TrimEntries);
        var begin = Array.FindIndex(lines, line =>
            line.StartsWith("---", StringComparison.Ordinal) && line.Contains("BEGIN " + name, StringComparison.Ordinal));
        var body = lines.Skip(begin + 1).TakeWhile(line => !line.StartsWith("---", StringComparison.Ordinal));
        var found = begin < 0 ? "" : string.Concat(body);
        return found.Length > 0 ? found : throw new NatsException($"The credentials hold no {name}.");
    }
}
