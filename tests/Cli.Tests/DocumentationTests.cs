using System.Text.RegularExpressions;
using Rag.Cli.Output;
using Rag.Testing;

namespace Rag.Cli.Tests;

/// <summary>What the guides tell people to type can be typed.</summary>
public partial class DocumentationTests
{
    [Fact]
    public void Every_command_in_the_guides_is_understood()
    {
        var root = CommandTree.Create(new Terminal(TextWriter.Null, TextWriter.Null, TextReader.Null));
        var commands = GuideFiles().SelectMany(Commands).ToList();
        commands.Count.ShouldBeGreaterThan(10);
        foreach (var (file, line) in commands)
        {
            var words = ShellWords.Split(line);
            // The script's own verb.
            if (words[1] == "test")
                continue;
            root.Parse([.. words.Skip(1)]).Errors.Select(error => error.Message).ShouldBeEmpty($"{file}: {line}");
        }
    }

    [Fact]
    public void Every_link_between_files_leads_somewhere()
    {
        foreach (var file in GuideFiles())
        {
            foreach (Match link in Link().Matches(File.ReadAllText(file)))
            {
                var target = Path.Combine(Path.GetDirectoryName(file)!, link.Groups["path"].Value);
                (File.Exists(target) || Directory.Exists(target)).ShouldBeTrue($"{file}: {link.Value}");
            }
        }
    }

    private static IEnumerable<string> GuideFiles() => Directory
        .EnumerateFiles(RepositoryRoot.Path, "*.md")
        .Concat(Directory.EnumerateFiles(Path.Combine(RepositoryRoot.Path, "docs"), "*.md", SearchOption.AllDirectories));

    private static IEnumerable<(string File, string Line)> Commands(string file) => File.ReadLines(file)
        .Select(line => line.Trim())
        .Where(line => line.StartsWith("./rag ", StringComparison.Ordinal) || line.StartsWith("$ ./rag ", StringComparison.Ordinal))
        .Select(line => line.TrimStart('$', ' '))
        // Comments, pipes and redirections are the shell's.
        .Select(line => ShellPart().Replace(line, ""))
        // Where any value will do, the guides say [OPTION] or ….
        .Where(line => !line.Contains('[') && !line.Contains('…'))
        .Select(line => (Path.GetFileName(file), line));

    [GeneratedRegex(@"\s+(#|\||<|>|&)\s?.*$")]
    private static partial Regex ShellPart();

    [GeneratedRegex(@"\]\((?!https?:|#|mailto:)(?<path>[^)#\s]+)(#[^)]*)?\)")]
    private static partial Regex Link();
}
