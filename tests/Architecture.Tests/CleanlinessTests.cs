using System.Text.RegularExpressions;

namespace Rag.Architecture.Tests;

/// <summary>Nothing of one machine, and no address of a package source, is written into the repository.</summary>
public partial class CleanlinessTests
{
    private static readonly string[] TextEndings =
    [
        ".cs", ".csproj", ".props", ".targets", ".sln", ".json", ".md", ".proto", ".yaml", ".yml", ".sh", ".js", ".mjs",
        ".py", ".editorconfig", ".gitignore", ".gitattributes", ".npmrc", ".config", ".txt", ".sql", "",
    ];

    [Fact]
    public void No_file_names_a_folder_of_one_machine() =>
        FilesWith(MachinePath()).ShouldBeEmpty("use paths relative to the repository, or options");

    [Fact]
    public void No_file_names_a_package_source() => FilesWith(PackageSource()).ShouldBeEmpty();

    [Fact]
    public void Lock_files_record_no_download_address()
    {
        foreach (var file in SourceTree.Files("", "package-lock.json"))
            File.ReadAllText(file).ShouldNotContain("\"resolved\"", customMessage: SourceTree.Relative(file));
    }

    [Fact]
    public void No_package_source_is_configured() =>
        SourceTree.Files("", "*").Select(Path.GetFileName)
            .Where(name => string.Equals(name, "nuget.config", StringComparison.OrdinalIgnoreCase)).ShouldBeEmpty();

    private static IEnumerable<string> FilesWith(Regex pattern) =>
        from file in SourceTree.Files("", "*")
        where TextEndings.Contains(Path.GetExtension(file))
        where !SourceTree.Relative(file).StartsWith("models/", StringComparison.Ordinal)
        // Test data and vocabularies may hold anything; only what people write is looked at.
        where new FileInfo(file).Length < 512 * 1024
        let match = pattern.Match(File.ReadAllText(file))
        where match.Success
        select $"{SourceTree.Relative(file)}: {match.Value}";

    // Written so that this file does not match itself.
    [GeneratedRegex(@"(?<![\w.~$}/-])/(?:root|work|home/[a-z]+|Users/\w+)/(?=[\w.])")]
    private static partial Regex MachinePath();

    [GeneratedRegex(@"registry\.npm[j]s\.org|api\.nuget[.]org|pypi[.]org/simple|[a]rtifactory|https?://[\w.-]*nexus")]
    private static partial Regex PackageSource();
}
