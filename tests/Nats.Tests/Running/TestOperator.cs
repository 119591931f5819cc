using System.Security.Cryptography;
using System.Text;
using NATS.Client.Core.Connecting;
using Org.BouncyCastle.Math.EC.Rfc8032;

namespace Rag.Nats.Tests.Running;

/// <summary>An operator with one account and one user, as JWTs that a server takes (nats-server's "operator mode").</summary>
internal sealed class TestOperator
{
    private const int Operator = 14 << 3;
    private const int Account = 0;
    private const int User = 20 << 3;

    public TestOperator()
    {
        var (operatorKey, operatorName) = NewKey(Operator);
        var (accountKey, accountName) = NewKey(Account);
        var (userKey, userName) = NewKey(User);
        UserSeed = NKeySeed.Format(userKey);
        OperatorJwt = Sign(operatorKey, operatorName, operatorName, "operator", "");
        AccountJwt = Sign(operatorKey, operatorName, accountName, "account",
            ",\"limits\":{\"subs\":-1,\"data\":-1,\"payload\":-1,\"imports\":-1,\"exports\":-1,\"wildcards\":true,\"conn\":-1,\"leaf\":-1}");
        UserJwt = Sign(accountKey, accountName, userName, "user", ",\"subs\":-1,\"data\":-1,\"payload\":-1");
        AccountName = accountName;
    }

    public string UserSeed { get; }

    public string UserJwt { get; }

    public string Credentials => $"""
        -----BEGIN NATS USER JWT-----
        {UserJwt}
        ------END NATS USER JWT------

        ************************* IMPORTANT *************************
        -----BEGIN USER NKEY SEED-----
        {UserSeed}
        ------END USER NKEY SEED------
        """;

    /// <summary>Configuration of a server that trusts the operator.</summary>
    public string Configuration => $$"""
        operator: "{{OperatorJwt}}"
        resolver: MEMORY
        resolver_preload: { {{AccountName}}: "{{AccountJwt}}" }
        """;

    private string OperatorJwt { get; }

    private string AccountJwt { get; }

    private string AccountName { get; }

    private static (byte[] Key, string Name) NewKey(int prefix)
    {
        var key = RandomNumberGenerator.GetBytes(Ed25519.SecretKeySize);
        var raw = new byte[Ed25519.PublicKeySize];
        Ed25519.GeneratePublicKey(key, 0, raw, 0);
        return (key, NKeySeed.Encode([(byte)prefix, .. raw]));
    }

    private static string Sign(byte[] key, string issuer, string subject, string type, string claims)
    {
        var id = Convert.ToHexString(RandomNumberGenerator.GetBytes(16));
        var issued = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        var header = Base64("""{"typ":"JWT","alg":"ed25519-nkey"}"""u8);
        var body = Base64(Encoding.UTF8.GetBytes(
            $$$"""{"jti":"{{{id}}}","iat":{{{issued}}},"iss":"{{{issuer}}}","name":"{{{type}}}","sub":"{{{subject}}}","nats":{"type":"{{{type}}}","version":2"""
            + claims + "}}"));
        var signed = Encoding.ASCII.GetBytes($"{header}.{body}");
        var signature = new byte[Ed25519.SignatureSize];
        Ed25519.Sign(key, 0, signed, 0, signed.Length, signature, 0);
        return $"{header}.{body}.{Base64(signature)}";
    }

    private static string Base64(ReadOnlySpan<byte> bytes) =>
        Convert.ToBase64String(bytes).TrimEnd('=').Replace('+', '-').Replace('/', '_');
}
