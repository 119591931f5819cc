using System.Text.RegularExpressions;

namespace Rag.Architecture.Tests;

/// <summary>House rules that a compiler does not know.</summary>
public partial class CodeStyleTests
{
    private const int MaxLines = 400;
    private const int MaxColumns = 160;
    private const int MaxTestColumns = 240;
    private const int MaxKinLines = 80;
    private const string LongOnPurpose = "// Over 400 lines:";

    [Fact]
    public void A_file_of_more_than_400_lines_says_why() =>
        Offenders(file =>
        {
            var lines = File.ReadAllLines(file);
            return lines.Length > MaxLines && !lines.Any(line => line.StartsWith(LongOnPurpose, StringComparison.Ordinal));
        }).ShouldBeEmpty($"split it, or give the reason in a line that starts with '{LongOnPurpose}'");

    [Fact]
    public void No_line_of_code_runs_out_of_the_window()
    {
        Offenders(file => File.ReadLines(file).Any(line => line.Length > MaxColumns), ProductCode()).ShouldBeEmpty();
        // A row of a theory's table may be longer.
        Offenders(file => File.ReadLines(file).Any(line => line.Length > MaxTestColumns)).ShouldBeEmpty();
    }

    [Fact]
    public void Nothing_hides_in_regions() =>
        Offenders(file => File.ReadLines(file).Any(line => line.TrimStart().StartsWith("#region", StringComparison.Ordinal)))
            .ShouldBeEmpty();

    [Fact]
    public void Namespaces_are_file_scoped() =>
        Offenders(file => BlockNamespace().IsMatch(File.ReadAllText(file))).ShouldBeEmpty();

    [Fact]
    public void No_type_has_a_name_that_says_nothing() =>
        TypesWhere(type => EmptyName().IsMatch(type.Name)).ShouldBeEmpty("say what it does");

    [Fact]
    public void No_namespace_hides_grpc() =>
        Offenders(file => File.ReadAllText(file).Contains("namespace Rag." + "Grpc", StringComparison.Ordinal))
            .ShouldBeEmpty("Rag.Grpc would hide Grpc.Core");

    [Fact]
    public void A_file_holds_one_type_and_at_most_small_kin_of_it()
    {
        var offenders = new List<string>();
        foreach (var file in ProductCode())
        {
            var types = TopLevelTypes(file);
            var kin = types.OrderByDescending(type => type.Lines).Skip(1);
            offenders.AddRange(kin.Where(type => type.Lines > MaxKinLines)
                .Select(type => $"{SourceTree.Relative(file)}: {type.Name} ({type.Lines} lines)"));
        }

        offenders.ShouldBeEmpty();
    }

    [Fact]
    public void A_file_is_named_after_its_type()
    {
        // A handful of tiny kin, such as delegates, may go by a name of their own.
        var offenders = ProductCode().Where(file =>
        {
            var name = Path.GetFileName(file).Split('.')[0];
            var types = TopLevelTypes(file);
            return types.Any(type => type.Lines > MaxKinLines) && types.All(type => type.Name != name);
        });
        offenders.Select(SourceTree.Relative).ShouldBeEmpty();
    }

    [Fact]
    public void Nothing_is_left_to_be_done() =>
        Offenders(file => Unfinished().IsMatch(File.ReadAllText(file)), ProductCode()).ShouldBeEmpty();

    [Fact]
    public void No_method_is_async_void() =>
        Offenders(file => File.ReadAllText(file).Contains("async " + "void", StringComparison.Ordinal)).ShouldBeEmpty();

    [Fact]
    public void No_test_sleeps() =>
        Offenders(
            file => File.ReadAllText(file).Contains("Thread." + "Sleep", StringComparison.Ordinal),
            SourceTree.Files("tests", "*.cs")).ShouldBeEmpty("poll with a deadline instead");

    [Fact]
    public void Log_events_keep_to_their_projects_range()
    {
        var ranges = new Dictionary<string, int>
        {
            ["Engine"] = 1000, ["Grpc"] = 2000, ["Embedding"] = 3000, ["Metadata"] = 4000, ["Hosting"] = 5000,
            ["Shard"] = 6000, ["Router"] = 7000, ["Ingestor"] = 8000, ["Cli"] = 9000, ["Nats"] = 10000,
        };
        foreach (var folder in Directory.GetDirectories(Path.Combine(SourceTree.Root, "src")).Select(Path.GetFileName))
        {
            var ids = SourceTree.Files($"src/{folder}", "*.cs")
                .SelectMany(file => EventId().Matches(File.ReadAllText(file)))
                .Select(match => int.Parse(match.Groups["id"].Value))
                .ToList();
            if (ids.Count == 0)
                continue;
            ranges.ShouldContainKey(folder!, "a project that logs needs a range");
            ids.ShouldAllBe(id => id >= ranges[folder!] && id < ranges[folder!] + 1000, folder);
            ids.GroupBy(id => id).Where(group => group.Count() > 1).Select(group => group.Key)
                .ShouldBeEmpty($"{folder}: an event id twice");
        }
    }

    private static IEnumerable<string> ProductCode() => SourceTree.Files("src", "*.cs");

    private static IEnumerable<string> Offenders(Func<string, bool> breaks, IEnumerable<string>? files = null) =>
        (files ?? SourceTree.CodeFiles()).Where(breaks).Select(SourceTree.Relative);

    private static IEnumerable<string> TypesWhere(Func<TopLevelType, bool> breaks) =>
        from file in SourceTree.CodeFiles()
        from type in TopLevelTypes(file)
        where breaks(type)
        select $"{SourceTree.Relative(file)}: {type.Name}";

    private static List<TopLevelType> TopLevelTypes(string file)
    {
        var lines = File.ReadAllLines(file);
        var types = new List<TopLevelType>();
        for (var i = 0; i < lines.Length; i++)
        {
            if (TypeDeclaration().Match(lines[i]) is not { Success: true } match)
                continue;
            // A declaration without a body ends in its own line; any other at the brace in column 0.
            var end = i;
            while (end < lines.Length && !lines[end].StartsWith('}') && !lines[end].EndsWith(';'))
                end++;
            if (end < lines.Length && lines[end].EndsWith(';') && !lines[end].StartsWith('}'))
                end = BodyEnd(lines, i, end);
            types.Add(new TopLevelType(match.Groups["name"].Value, end - i + 1));
            i = end;
        }

        return types;
    }

    // Statements end with ';' too: only where no '{' stood in column 0 before is it the end of the declaration.
    private static int BodyEnd(string[] lines, int start, int end)
    {
        for (var i = start; i <= end; i++)
        {
            if (lines[i].StartsWith('{') || lines[i].TrimEnd().EndsWith('{'))
                return Math.Max(end, Array.FindIndex(lines, i, line => line.StartsWith('}')));
        }

        return end;
    }

    private sealed record TopLevelType(string Name, int Lines);

    [GeneratedRegex(
        @"^(?:(?:public|internal|file|private|static|sealed|abstract|partial|readonly|ref|unsafe|new)\s+)*"
        + @"(?:record\s+struct|record\s+class|class|struct|record|interface|enum|delegate\s+[\w<>\[\]?.,]+)\s+(?<name>\w+)")]
    private static partial Regex TypeDeclaration();

    [GeneratedRegex(@"^namespace\s+[\w.]+\s*\r?\n?\{", RegexOptions.Multiline)]
    private static partial Regex BlockNamespace();

    [GeneratedRegex("(Utils?|Utilities|Helpers?|Manager|Common|Misc)$")]
    private static partial Regex EmptyName();

    [GeneratedRegex(@"\b(TODO|FIXME|HACK)\b")]
    private static partial Regex Unfinished();

    [GeneratedRegex(@"LoggerMessage\(\s*(?:EventId\s*=\s*)?(?<id>\d+)")]
    private static partial Regex EventId();
}
