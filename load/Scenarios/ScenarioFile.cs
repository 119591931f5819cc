using System.Text.Json;
using System.Text.Json.Serialization;

namespace Rag.Load.Scenarios;

/// <summary>Reads scenarios: those that come with the program by name, others by path.</summary>
internal static class ScenarioFile
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        ReadCommentHandling = JsonCommentHandling.Skip,
        AllowTrailingCommas = true,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase, allowIntegerValues: false) },
    };

    /// <summary>Where the scenarios lie that come with the program.</summary>
    public static string Folder { get; } = Path.Combine(AppContext.BaseDirectory, "scenarios");

    /// <summary>Names of the scenarios that come with the program.</summary>
    public static IEnumerable<string> Names => Directory.Exists(Folder)
        ? Directory.EnumerateFiles(Folder, "*.json").Select(file => Path.GetFileNameWithoutExtension(file)).Order(StringComparer.Ordinal)
        : [];

    /// <param name="nameOrPath">A path to a file, else a name in <see cref="Folder"/>.</param>
    /// <exception cref="ScenarioException">There is none, or it is not usable.</exception>
    public static Scenario Read(string nameOrPath)
    {
        var path = File.Exists(nameOrPath) ? nameOrPath : Path.Combine(Folder, nameOrPath + ".json");
        if (!File.Exists(path))
        {
            throw new ScenarioException(
                $"There is no scenario '{nameOrPath}': name a file or one of {string.Join(", ", Names)}.");
        }

        return Parse(File.ReadAllText(path), Path.GetFileNameWithoutExtension(path));
    }

    /// <summary>Reads and checks; the exception names every fault found.</summary>
    /// <param name="name">Of a scenario that names itself nothing.</param>
    public static Scenario Parse(string json, string name)
    {
        Scenario? scenario;
        try
        {
            scenario = JsonSerializer.Deserialize<Scenario>(json, Json);
        }
        catch (JsonException fault)
        {
            throw new ScenarioException($"Scenario {name} is not of the form that load/README.md tells: {fault.Message}", fault);
        }

        scenario ??= new Scenario();
        if (scenario.Name.Length == 0)
            scenario = scenario with { Name = name };
        var faults = ScenarioRules.Check(scenario);
        return faults.Count == 0
            ? scenario
            : throw new ScenarioException($"Scenario {scenario.Name} cannot be run: {string.Join("; ", faults)}.");
    }
}
