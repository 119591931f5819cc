using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Rag.Cluster.Tests.Deploy;

/// <summary>What one manifest says of another one is true: a cluster would refuse it, or wait for ever, where it is not.</summary>
public sealed partial class KubernetesTests
{
    private static readonly string[] Controllers = ["StatefulSet", "Deployment", "Job"];

    [Fact]
    public async Task Volumes_config_maps_and_the_folders_that_programs_write_to_are_there()
    {
        var documents = await Manifests.ReadAsync(Manifests.Kubernetes);
        var maps = documents.Where(static each => each.Text("kind") == "ConfigMap")
            .ToDictionary(static each => each.Text("metadata", "name"), static each => each.At("data").Single().EnumerateObject().Select(static key => key.Name).ToList());
        foreach (var document in documents.Where(static each => Controllers.Contains(each.Text("kind"))))
        {
            var name = $"{document.Text("kind")} {document.Text("metadata", "name")}";
            var pod = document.At("spec", "template", "spec").Single();
            var volumes = pod.At("volumes").ToDictionary(static each => each.Text("name"), static each => each.Text("configMap", "name"));
            foreach (var claim in document.At("spec", "volumeClaimTemplates"))
                volumes.Add(claim.Text("metadata", "name"), "");
            foreach (var map in volumes.Values.Where(static map => map.Length > 0))
                maps.ShouldContainKey(map, name);
            foreach (var container in pod.At("containers"))
            {
                var mounts = container.At("volumeMounts").ToDictionary(static each => each.Text("mountPath"), static each => each.Text("name"));
                mounts.Values.ShouldBeSubsetOf(volumes.Keys, name);
                var arguments = container.At("args").Select(static each => each.GetString()!).ToList();
                // Each file that is named comes out of a map, and each folder is a volume: the image itself cannot be written to.
                foreach (var path in arguments.Where(static each => each.StartsWith('/')))
                {
                    var mount = mounts.Keys.Where(path.StartsWith).MaxBy(static each => each.Length);
                    mount.ShouldNotBeNull($"{name}: {path}");
                    var map = volumes[mounts[mount]];
                    if (map.Length > 0)
                        maps[map].ShouldContain(path[(mount.Length + 1)..], $"{name}: {path}");
                }

                foreach (Match variable in Variable().Matches(string.Join(' ', arguments)))
                    container.At("env").Select(static each => each.Text("name")).ShouldContain(variable.Groups["name"].Value, name);
                if (container.Text("image") == "rag" && document.Text("kind") != "Job")
                {
                    container.Text("securityContext", "readOnlyRootFilesystem").ShouldBe("True", name);
                    mounts.Keys.ShouldContain("/tmp", name);
                }
            }
        }
    }

    [Fact]
    public async Task Services_selectors_budgets_and_scalers_name_pods_and_ports_that_are_there()
    {
        var documents = await Manifests.ReadAsync(Manifests.Kubernetes);
        var pods = documents.Where(static each => Controllers.Contains(each.Text("kind"))).ToDictionary(
            static each => each.Text("spec", "template", "metadata", "labels", "app"));
        foreach (var document in documents)
        {
            var (kind, name) = (document.Text("kind"), document.Text("metadata", "name"));
            var app = kind switch
            {
                "Service" => document.Text("spec", "selector", "app"),
                "PodDisruptionBudget" => document.Text("spec", "selector", "matchLabels", "app"),
                "HorizontalPodAutoscaler" => document.Text("spec", "scaleTargetRef", "name"),
                "NetworkPolicy" => document.Text("spec", "podSelector", "matchLabels", "app"),
                _ => "",
            };
            if (app.Length == 0)
                continue;
            pods.ShouldContainKey(app, $"{kind} {name}");
            var ports = pods[app].At("spec", "template", "spec", "containers").SelectMany(static each => each.At("ports"))
                .Select(static each => each.Text("containerPort")).ToList();
            var asked = kind switch
            {
                "Service" => document.At("spec", "ports").Select(static each => each.Text("port")),
                "NetworkPolicy" => document.At("spec", "ingress").SelectMany(static each => each.At("ports")).Select(static each => each.Text("port")),
                _ => [],
            };
            asked.ShouldBeSubsetOf(ports, $"{kind} {name}");
            if (kind == "HorizontalPodAutoscaler")
            {
                // What a scaler sets, the deployment does not; and a share of CPU is a share of what is asked for.
                document.Text("spec", "scaleTargetRef", "kind").ShouldBe(pods[app].Text("kind"));
                pods[app].Text("spec", "replicas").ShouldBe("", name);
                pods[app].At("spec", "template", "spec", "containers").ShouldAllBe(static each => each.Text("resources", "requests", "cpu").Length > 0);
                Number(document.Text("spec", "minReplicas")).ShouldBeInRange(2, Number(document.Text("spec", "maxReplicas")));
            }
        }

        // Every address within names a service's port, and of a set's pods one that there is.
        foreach (Match address in Address().Matches(JsonSerializer.Serialize(documents)))
        {
            var service = documents.Single(each => each.Text("kind") == "Service" && each.Text("metadata", "name") == address.Groups["service"].Value);
            service.At("spec", "ports").Select(static each => each.Text("port")).ShouldContain(address.Groups["port"].Value, address.Value);
            if (address.Groups["number"].Success)
                Number(address.Groups["number"].Value).ShouldBeLessThan(Number(pods[address.Groups["service"].Value].Text("spec", "replicas")), address.Value);
        }
    }

    [Fact]
    public async Task One_pod_at_a_time_may_be_taken_from_what_keeps_data()
    {
        var documents = await Manifests.ReadAsync(Manifests.Kubernetes);
        foreach (var set in documents.Where(static each => each.Text("kind") == "StatefulSet"))
        {
            var app = set.Text("spec", "template", "metadata", "labels", "app");
            var budget = documents.Single(each => each.Text("kind") == "PodDisruptionBudget" && each.Text("spec", "selector", "matchLabels", "app") == app);
            budget.Text("spec", "maxUnavailable").ShouldBe("1", app);
            set.Text("spec", "template", "spec", "affinity", "podAntiAffinity", "requiredDuringSchedulingIgnoredDuringExecution").ShouldContain(app);
            set.At("spec", "volumeClaimTemplates").ShouldNotBeEmpty(app);
        }

        var topology = JsonDocument.Parse(documents.Single(static each => each.Text("metadata", "name") == "rag-topology").Text("data", "topology.json")).RootElement;
        Number(topology.Text("replicationFactor")).ShouldBeGreaterThan(1, "else taking one shard away takes data away");
    }

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"\$\((?<name>\w+)\)")]
    private static partial Regex Variable();

    [GeneratedRegex(@"(?:http|nats)://(?:[a-z]+-(?<number>\d+)\.)?(?<service>[a-z]+):(?<port>\d+)")]
    private static partial Regex Address();
}
