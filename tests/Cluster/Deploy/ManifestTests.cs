using System.Text.Json;
using System.Text.RegularExpressions;
using Rag.Testing;

namespace Rag.Cluster.Tests.Deploy;

/// <summary>What in deploy/ cannot be run here: it is well-formed, and its names and ports agree.</summary>
public sealed partial class ManifestTests
{
    private static readonly string Deploy = Manifests.Folder;

    [Fact]
    public async Task Compose_names_services_volumes_files_and_ports_that_are_there()
    {
        var compose = (await Manifests.ReadAsync(Manifests.Compose))[0];
        var services = compose.GetProperty("services").EnumerateObject().ToDictionary(entry => entry.Name, entry => entry.Value);
        var volumes = compose.GetProperty("volumes").EnumerateObject().Select(entry => entry.Name).ToHashSet();
        foreach (var kind in new[] { ("nats", 3), ("postgres", 3), ("shard", 3), ("router", 2), ("ingestor", 2), ("nginx", 1) })
            services.Keys.Count(name => name.StartsWith(kind.Item1, StringComparison.Ordinal)).ShouldBe(kind.Item2, kind.Item1);
        foreach (var (name, service) in services)
        {
            foreach (var needed in Names(service, "depends_on"))
                services.ShouldContainKey(needed, name);
            foreach (var mount in Names(service, "volumes").Select(static mount => mount.Split(':')[0]))
            {
                if (mount.StartsWith('.'))
                {
                    // The certificates are the operator's.
                    (mount == "./tls" || Path.Exists(Path.Combine(Deploy, "compose", mount))).ShouldBeTrue($"{name}: {mount}");
                }
                else
                    volumes.ShouldContain(mount, name);
            }
        }

        // Every address of one of our services leads to one that is there.
        var text = await File.ReadAllTextAsync(Manifests.Compose)
            + await File.ReadAllTextAsync(Path.Combine(Deploy, "compose", "topology.json"))
            + await File.ReadAllTextAsync(Path.Combine(Deploy, "compose", "nats.conf"));
        foreach (Match address in Address().Matches(text))
            (address.Groups["host"].Value == "0.0.0.0" || services.ContainsKey(address.Groups["host"].Value)).ShouldBeTrue(address.Value);
        services["shard-0"].GetProperty("command").ToString().ShouldContain(":7710");
        services["router-0"].GetProperty("command").ToString().ShouldContain(":7701");
    }

    [Fact]
    public async Task Kubernetes_manifests_agree_with_each_other()
    {
        var documents = await Manifests.ReadAsync(Manifests.Kubernetes);
        var named = documents.ToLookup(document => document.GetProperty("kind").GetString()!, document => document.GetProperty("metadata").GetProperty("name").GetString()!);
        named["StatefulSet"].ShouldBe(["nats", "shard"], ignoreOrder: true);
        named["Deployment"].ShouldBe(["router", "ingestor"], ignoreOrder: true);
        named["PodDisruptionBudget"].ShouldBe(["nats", "shard", "router", "ingestor"], ignoreOrder: true);
        named["HorizontalPodAutoscaler"].ShouldBe(["router", "ingestor"], ignoreOrder: true);
        foreach (var document in documents)
        {
            var kind = document.GetProperty("kind").GetString()!;
            if (kind != "Namespace")
                document.GetProperty("metadata").GetProperty("namespace").GetString().ShouldBe("rag");
            if (kind is not ("StatefulSet" or "Deployment"))
                continue;
            var spec = document.GetProperty("spec");
            var labels = spec.GetProperty("template").GetProperty("metadata").GetProperty("labels").ToString();
            spec.GetProperty("selector").GetProperty("matchLabels").ToString().ShouldBe(labels);
            if (spec.TryGetProperty("serviceName", out var service))
                named["Service"].ShouldContain(service.GetString()!);
            foreach (var container in spec.GetProperty("template").GetProperty("spec").GetProperty("containers").EnumerateArray())
            {
                var ports = container.GetProperty("ports").EnumerateArray().Select(port => port.GetProperty("containerPort").GetInt32()).ToList();
                foreach (var probe in new[] { "startupProbe", "readinessProbe", "livenessProbe" })
                {
                    if (container.TryGetProperty(probe, out var asked))
                        ports.ShouldContain(int.Parse(Port().Match(asked.ToString()).Groups["port"].Value), probe);
                }

                container.TryGetProperty("readinessProbe", out _).ShouldBeTrue();
                foreach (Match listen in Listen().Matches(container.GetProperty("args").ToString()))
                    ports.ShouldContain(int.Parse(listen.Groups["port"].Value));
                if (!container.TryGetProperty("envFrom", out var sources))
                    continue;
                foreach (Match source in SourceName().Matches(sources.ToString()))
                    named["ConfigMap"].Concat(named["Secret"]).ShouldContain(source.Groups["name"].Value);
            }
        }

        var services = named["Service"].ToHashSet();
        foreach (var host in InsideAddress().Matches(JsonSerializer.Serialize(documents)).Select(match => match.Groups["service"].Value))
            services.ShouldContain(host);
    }

    [Fact]
    public async Task Units_are_what_systemd_takes()
    {
        if (!File.Exists("/usr/bin/systemd-analyze"))
            Assert.Skip("systemd is not installed.");
        var units = Directory.GetFiles(Path.Combine(Deploy, "systemd"), "*.service");
        units.Length.ShouldBe(4);
        await using var verify = ChildProcess.Start("/usr/bin/systemd-analyze", ["verify", .. units]);
        await verify.WaitForExitAsync();
        // The program need not be installed where the units are looked at.
        verify.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Where(line => line.Contains("rag-", StringComparison.Ordinal) && !line.Contains("is not executable", StringComparison.Ordinal))
            .ShouldBeEmpty();
    }

    [Fact]
    public async Task Shell_scripts_are_well_formed()
    {
        foreach (var script in Directory.GetFiles(Path.Combine(Deploy, "compose", "postgres"), "*.sh"))
        {
            await using var check = ChildProcess.Start("sh", ["-n", script]);
            (await check.WaitForExitAsync()).ShouldBe(0, check.Output);
        }
    }

    /// <summary>A list of names, or the names of an object's properties.</summary>
    private static IEnumerable<string> Names(JsonElement service, string property)
    {
        if (!service.TryGetProperty(property, out var value))
            return [];
        return value.ValueKind == JsonValueKind.Array
            ? value.EnumerateArray().Select(static name => name.GetString()!)
            : value.EnumerateObject().Select(static entry => entry.Name);
    }

    [GeneratedRegex(@"(?:http|nats)://(?<host>[\w.-]+):\d+")]
    private static partial Regex Address();

    [GeneratedRegex(@"""port"":\s*(?<port>\d+)")]
    private static partial Regex Port();

    [GeneratedRegex(@"http://0\.0\.0\.0:(?<port>\d+)")]
    private static partial Regex Listen();

    [GeneratedRegex(@"""name"":\s*""(?<name>[\w-]+)""")]
    private static partial Regex SourceName();

    [GeneratedRegex(@"(?:http|nats)://(?:[\w-]+\.)?(?<service>[a-z]+):\d+")]
    private static partial Regex InsideAddress();
}
