using System.Text.Json;
using Rag.Testing;

namespace Rag.Cluster.Tests.Deploy;

/// <summary>The files of deploy/, as data.</summary>
internal static class Manifests
{
    private const string ToJson = "import sys, yaml, json; print(json.dumps([d for f in sys.argv[1:] for d in yaml.safe_load_all(open(f)) if d]))";

    public static string Folder { get; } = Path.Combine(RepositoryRoot.Path, "deploy");

    public static string Compose { get; } = Path.Combine(Folder, "compose", "compose.yaml");

    public static string[] Kubernetes { get; } = [.. Directory.GetFiles(Path.Combine(Folder, "kubernetes"), "*.yaml").Order()];

    /// <summary>The documents of YAML files.</summary>
    public static async Task<List<JsonElement>> ReadAsync(params string[] files)
    {
        await using var python = ChildProcess.Start("/usr/bin/python3", ["-c", ToJson, .. files]);
        var exit = await python.WaitForExitAsync();
        if (python.Output.Contains("No module named 'yaml'", StringComparison.Ordinal))
            Assert.Skip("python3-yaml is not installed.");
        exit.ShouldBe(0, python.Output);
        return JsonSerializer.Deserialize<List<JsonElement>>(python.Output)!;
    }

    /// <summary>What is found on the way by these names; nothing where one is missing.</summary>
    public static IEnumerable<JsonElement> At(this JsonElement element, params string[] names)
    {
        foreach (var name in names)
        {
            if (element.ValueKind != JsonValueKind.Object || !element.TryGetProperty(name, out element))
                return [];
        }

        return element.ValueKind == JsonValueKind.Array ? element.EnumerateArray() : [element];
    }

    /// <summary>The text on the way by these names; empty where one is missing.</summary>
    public static string Text(this JsonElement element, params string[] names) =>
        element.At(names).Select(static found => found.ToString()).FirstOrDefault("");
}
