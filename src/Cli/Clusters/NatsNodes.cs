using System.Text;
using Rag.Cli.Composition;
using Rag.Hosting.Messaging;

namespace Rag.Cli.Clusters;

/// <summary>Servers of NATS with JetStream, which replicate streams among themselves.</summary>
internal static class NatsNodes
{
    private const int ClientPort = 7740;
    private const int RoutePort = 7750;
    private const int MonitorPort = 7760;

    public static IEnumerable<ClusterNode> Create(ClusterFolder folder, NodePorts ports, int count)
    {
        var program = Programs.Find("nats-server", "nats-server");
        for (var i = 0; i < count; i++)
        {
            var name = $"nats-{i}";
            yield return new ClusterNode
            {
                Name = name,
                Kind = NodeKind.Nats,
                Address = $"nats://127.0.0.1:{ports.Next(ClientPort)}",
                // The server, not its streams: an idle consumer of several replicas counts as "not current" for good.
                Health = $"http://127.0.0.1:{ports.Next(MonitorPort)}/healthz?js-server-only=true",
                Route = $"nats://127.0.0.1:{ports.Next(RoutePort)}",
                Command = [program, "-c", Path.Combine(folder.NodeFolder(name), "nats.conf")],
            };
        }
    }

    /// <summary>How processes of the product reach them.</summary>
    public static NatsOptions Options(ClusterState state) => new()
    {
        Urls = [.. state.Of(NodeKind.Nats).Select(static node => node.Address)],
        Token = state.Token,
    };

    /// <summary>Writes the configuration of one.</summary>
    public static void Configure(ClusterFolder folder, ClusterState state, ClusterNode node)
    {
        var data = folder.NodeFolder(node.Name);
        var servers = state.Of(NodeKind.Nats).ToList();
        var routes = string.Join(", ", servers.Select(static server => $"\"{server.Route}\""));
        var cluster = servers.Count == 1
            ? ""
            : $$"""cluster { name: "rag", listen: "{{EndPoint(node.Route!)}}", routes: [{{routes}}] }""";
        Directory.CreateDirectory(data);
        ClusterFolder.WriteSecret(Path.Combine(data, "nats.conf"), Encoding.UTF8.GetBytes($$"""
            server_name: "{{node.Name}}"
            listen: "{{EndPoint(node.Address)}}"
            http: "{{new Uri(node.Health).Authority}}"
            authorization { token: "{{state.Token}}" }
            jetstream { store_dir: "{{Path.Combine(data, "jetstream")}}", max_mem: 64MB, max_file: 16GB }
            {{cluster}}

            """));
    }

    private static string EndPoint(string address) => new Uri(address).Authority;
}
