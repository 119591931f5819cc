using System.Xml.Linq;

namespace Rag.Architecture.Tests;

/// <summary>What a .csproj says.</summary>
internal sealed class ProjectFile
{
    private ProjectFile(string path)
    {
        FilePath = path;
        var document = XDocument.Load(path);
        References = [.. Includes(document, "ProjectReference").Select(ProjectName)];
        Packages = [.. Includes(document, "PackageReference")];
        Friends = [.. Includes(document, "InternalsVisibleTo")];
    }

    public string FilePath { get; }

    public string Name => ProjectName(FilePath);

    public string Folder => Path.GetDirectoryName(FilePath)!;

    /// <summary>Names of the projects that it references itself.</summary>
    public IReadOnlyList<string> References { get; }

    public IReadOnlyList<string> Packages { get; }

    public IReadOnlyList<string> Friends { get; }

    public static Dictionary<string, ProjectFile> All { get; } = new[] { "src", "tests", "bench", "load" }
        .SelectMany(folder => SourceTree.Files(folder, "*.csproj"))
        .Select(path => new ProjectFile(path))
        .ToDictionary(project => project.Name);

    public static IEnumerable<ProjectFile> Product => All.Values.Where(IsProduct);

    public static bool IsProduct(ProjectFile project) =>
        SourceTree.Relative(project.FilePath).StartsWith("src/", StringComparison.Ordinal);

    /// <summary>Everything that it reaches through references, itself left out.</summary>
    public IReadOnlySet<string> Reachable()
    {
        var reached = new HashSet<string>();
        var open = new Stack<string>(References);
        while (open.TryPop(out var name))
        {
            if (!reached.Add(name) || !All.TryGetValue(name, out var project))
                continue;
            foreach (var next in project.References)
                open.Push(next);
        }

        return reached;
    }

    public override string ToString() => Name;

    private static IEnumerable<string> Includes(XDocument document, string element) =>
        document.Descendants(element).Select(item => (string?)item.Attribute("Include")).OfType<string>();

    private static string ProjectName(string path) => Path.GetFileNameWithoutExtension(path.Replace('\\', '/'));
}
