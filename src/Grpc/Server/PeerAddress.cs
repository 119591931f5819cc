using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Grpc.Core;
using Microsoft.AspNetCore.Http;

namespace Grpc.AspNetCore.Server;

/// <summary>Who is at the other end of a connection.</summary>
internal static class PeerAddress
{
    /// <summary><c>ipv4:address:port</c>, <c>ipv6:[address]:port</c>, or <c>unknown</c> (a Unix socket).</summary>
    public static string Format(ConnectionInfo connection) => connection.RemoteIpAddress switch
    {
        null => "unknown",
        { AddressFamily: AddressFamily.InterNetwork } v4 => $"ipv4:{v4}:{connection.RemotePort}",
        { IsIPv4MappedToIPv6: true } mapped => $"ipv4:{mapped.MapToIPv4()}:{connection.RemotePort}",
        var v6 => $"ipv6:[{v6}]:{connection.RemotePort}",
    };

    /// <summary>What the client's certificate, if it showed one, says.</summary>
    public static AuthContext Authenticate(ConnectionInfo connection)
    {
        if (connection.ClientCertificate is not { } certificate)
            return AuthContext.Unauthenticated;
        var properties = new Dictionary<string, List<AuthProperty>>();
        var names = certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>()
            .SelectMany(extension => extension.EnumerateDnsNames())
            .ToList();
        var identity = names.Count > 0 ? "x509_subject_alternative_name" : "x509_common_name";
        properties["x509_common_name"] =
            [Property("x509_common_name", certificate.GetNameInfo(X509NameType.SimpleName, forIssuer: false))];
        if (names.Count > 0)
            properties[identity] = [.. names.Select(name => Property(identity, name))];
        return new AuthContext(identity, properties);
    }

    private static AuthProperty Property(string name, string value) =>
        AuthProperty.Create(name, Encoding.UTF8.GetBytes(value));
}
