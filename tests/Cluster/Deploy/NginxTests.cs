using System.Diagnostics;
using System.Net.Security;
using System.Text.Json;
using Grpc.Core;
using Grpc.Net.Client;
using Rag.Testing;
using Rag.V1;

namespace Rag.Cluster.Tests.Deploy;

/// <summary>deploy/nginx/nginx.conf, with other ports and certificates, before two routers that share PostgreSQL.</summary>
public sealed class NginxTests
{
    private static readonly string Folder = Path.Combine(RepositoryRoot.Path, "deploy", "nginx");

    [Fact]
    public async Task Calls_go_through_TLS_to_two_routers_and_on_when_one_is_killed()
    {
        if (!File.Exists("/usr/sbin/nginx") || !PostgresServer.IsInstalled)
            Assert.Skip("nginx or PostgreSQL is not installed.");
        using var folder = new TemporaryFolder();
        await using var database = await PostgresServer.StartAsync();
        await database.CreateDatabaseAsync("rag");
        var shardPort = FreePort.Next();
        var topology = folder.Combine("topology.json");
        await File.WriteAllTextAsync(topology, JsonSerializer.Serialize(new
        {
            version = 1, partitions = 256, shards = new[] { new { name = "shard-0", address = $"http://127.0.0.1:{shardPort}" } },
        }));
        await using var shard = await ServerProcess.StartAsync(
            "shard", shardPort, "--name", "shard-0", "--topology", topology, "--data", folder.Combine("shard-0"));
        await using var first = await RouterAsync(folder, database, topology, "router-0");
        await using var second = await RouterAsync(folder, database, topology, "router-1");
        var (nginx, address) = await NginxAsync(folder, first.Address, second.Address);
        await using var _ = nginx;

        using var trusting = new SocketsHttpHandler
        {
            // The test's own certificate; what is tested is that there is one.
            SslOptions = new SslClientAuthenticationOptions { RemoteCertificateValidationCallback = static (_, certificate, _, _) => certificate is not null },
        };
        using var channel = GrpcChannel.ForAddress(address, new GrpcChannelOptions { HttpHandler = trusting });
        var workspace = await TestWorkspace.CreateAsync(channel, "docs");
        await workspace.UpsertAsync("a", "text");
        (await new HealthClient(channel).CheckAsync()).ShouldBeTrue();
        (await workspace.CountBySearchAsync()).ShouldBe(1);
        var inside = await Should.ThrowAsync<RpcException>(
            async () => await new Internal.V1.DocumentWriterService.DocumentWriterServiceClient(channel)
                .AbortGenerationAsync(new Internal.V1.AbortGenerationRequest()));
        inside.StatusCode.ShouldBe(StatusCode.Unimplemented, "internal services stay inside");

        await first.KillAsync();
        for (var i = 0; i < 30; i++)
        {
            (await workspace.CountBySearchAsync()).ShouldBe(1);
            await workspace.UpsertAsync("a", $"text {i}");
        }

        await second.KillAsync();
        (await Should.ThrowAsync<RpcException>(workspace.CountBySearchAsync)).StatusCode.ShouldBe(StatusCode.Unavailable);
        nginx.HasExited.ShouldBeFalse();
    }

    private static async Task<ServerProcess> RouterAsync(
        TemporaryFolder folder, PostgresServer database, string topology, string name)
    {
        var data = Directory.CreateDirectory(folder.Combine(name)).FullName;
        await File.WriteAllTextAsync(Path.Combine(data, "rag.json"), JsonSerializer.Serialize(
            new { Metadata = new { ConnectionString = database.ConnectionString("rag") + ";Timeout=30;Command Timeout=60" } }));
        return await ServerProcess.StartAsync("router", FreePort.Next(), "--topology", topology, "--data", data);
    }

    private static async Task<(ChildProcess Nginx, string Address)> NginxAsync(
        TemporaryFolder folder, string first, string second)
    {
        var (key, certificate) = (folder.Combine("server.key"), folder.Combine("server.crt"));
        using (var make = Process.Start(new ProcessStartInfo("openssl",
            ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-keyout", key, "-out", certificate])
            { RedirectStandardError = true })!)
        {
            await make.StandardError.ReadToEndAsync();
            await make.WaitForExitAsync();
        }

        var port = FreePort.Next();
        var text = await File.ReadAllTextAsync(Path.Combine(Folder, "nginx.conf"));
        foreach (var (from, to) in new[]
        {
            ("listen 443 ssl", $"listen 127.0.0.1:{port} ssl"), ("server 127.0.0.1:7700", $"server {new Uri(first).Authority}"),
            ("server 127.0.0.1:7710", $"server {new Uri(second).Authority}"), ("/etc/rag/tls/server.crt", certificate),
            ("/etc/rag/tls/server.key", key), ("pid /run/nginx-rag.pid", $"pid {folder.Combine("nginx.pid")}"),
            ("access_log off;", $"access_log off; client_body_temp_path {folder.Combine("body")}; proxy_temp_path {folder.Combine("proxy")}; "
                + $"fastcgi_temp_path {folder.Combine("fast")}; uwsgi_temp_path {folder.Combine("uwsgi")}; scgi_temp_path {folder.Combine("scgi")};"),
        })
        {
            text.ShouldContain(from);
            text = text.Replace(from, to, StringComparison.Ordinal);
        }

        var configuration = folder.Combine("nginx.conf");
        await File.WriteAllTextAsync(configuration, text);
        var nginx = ChildProcess.Start("/usr/sbin/nginx", ["-c", configuration, "-g", "daemon off;"]);
        await Eventually.HoldsAsync(async () =>
        {
            if (nginx.HasExited)
                throw new InvalidOperationException(nginx.Output);
            using var probe = new System.Net.Sockets.TcpClient();
            try
            {
                await probe.ConnectAsync("127.0.0.1", port);
                return true;
            }
            catch (System.Net.Sockets.SocketException)
            {
                return false;
            }
        }, "nginx listens");
        return (nginx, $"https://localhost:{port}");
    }

    private sealed class HealthClient(GrpcChannel channel)
    {
        public async Task<bool> CheckAsync() =>
            (await new Grpc.Health.V1.Health.HealthClient(channel).CheckAsync(new Grpc.Health.V1.HealthCheckRequest())).Status
            == Grpc.Health.V1.HealthCheckResponse.Types.ServingStatus.Serving;
    }
}
