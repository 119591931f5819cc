using System.CommandLine;
using Rag.Cli.Output;

namespace Rag.Cli.Tests;

public class CommandLineTests
{
    public static TheoryData<string> Paths => [.. AllCommands().Select(command => command.Path)];

    [Theory]
    [MemberData(nameof(Paths))]
    public async Task Every_verb_explains_itself(string path)
    {
        var run = await CommandRun.RunAsync([.. path.Split(' ', StringSplitOptions.RemoveEmptyEntries), "--help"]);
        run.ExitCode.ShouldBe(ExitCode.Ok);
        run.Output.ShouldContain("Usage:");
        run.Error.ShouldBeEmpty();
    }

    [Fact]
    public void Every_verb_that_was_promised_is_there()
    {
        var verbs = CommandTree.Create(Silent()).Subcommands.Select(command => command.Name);
        string[] promised =
        [
            "demo", "serve", "shard", "router", "ingestor", "ingest", "search", "eval", "workspace", "doc", "job", "model",
            "embed", "bench", "cluster", "topology",
        ];
        promised.Except(verbs).ShouldBeEmpty();
    }

    [Fact]
    public void Every_verb_has_examples_and_every_option_a_description()
    {
        foreach (var (path, command) in AllCommands())
        {
            command.Description.ShouldNotBeNullOrWhiteSpace(path);
            if (!path.Contains(' '))
                ((Verb)command).Examples.ShouldNotBeEmpty(path);
            foreach (var option in command.Options)
                option.Description.ShouldNotBeNullOrWhiteSpace($"{path} {option.Name}");
        }
    }

    [Fact]
    public void Every_example_is_understood()
    {
        var root = CommandTree.Create(Silent());
        foreach (var example in AllCommands().SelectMany(command => ((Verb)command.Command).Examples))
        {
            // What a shell would do before and after the program is left out.
            var line = example[example.IndexOf("rag ", StringComparison.Ordinal)..].Split(" < ")[0];
            var words = ShellWords.Split(line).Skip(1).ToArray();
            root.Parse(words).Errors.Select(error => error.Message).ShouldBeEmpty(example);
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("nonsense")]
    [InlineData("search words")]
    [InlineData("search -w w")]
    [InlineData("search words -w w --ef 10 --exact")]
    [InlineData("search words -w w --k many")]
    [InlineData("search words -w w --encoder best")]
    [InlineData("search -w w --mode sparse --sparse 7=1")]
    [InlineData("search -w w --vector /no/such/file.json")]
    [InlineData("search words -w w --batch questions.txt")]
    [InlineData("search words -w w --boost price:20:5:0.1:gauss:far")]
    [InlineData("search words -w w --facet year:2000..2010..2020")]
    [InlineData("eval folder --mode fuzzy")]
    [InlineData("eval folder --top-n 20")]
    [InlineData("search words -w w --late a --multi-vector b.json")]
    [InlineData("workspace")]
    [InlineData("workspace create")]
    [InlineData("serve --listen nowhere")]
    [InlineData("serve --port 70000")]
    [InlineData("shard --name a")]
    [InlineData("cluster up --shards 0")]
    [InlineData("topology add-shard a nowhere")]
    public async Task What_is_not_understood_ends_with_two(string line)
    {
        var run = await CommandRun.RunAsync(line.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        run.ExitCode.ShouldBe(ExitCode.Usage);
        run.Error.ShouldStartWith("rag: ");
        run.Output.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_failure_is_one_sentence_on_standard_error()
    {
        var run = await CommandRun.RunAsync("ingest", "/no/such/folder", "-w", "w");
        run.ExitCode.ShouldBe(ExitCode.Failure);
        run.Error.ShouldBe("rag: There is no file or folder /no/such/folder." + Environment.NewLine);
    }

    private static Terminal Silent() => new(TextWriter.Null, TextWriter.Null, TextReader.Null);

    private static List<(string Path, Command Command)> AllCommands()
    {
        var found = new List<(string, Command)>();
        Collect(CommandTree.Create(Silent()), "");
        return found;

        void Collect(Command command, string path)
        {
            foreach (var inner in command.Subcommands)
            {
                var innerPath = path.Length == 0 ? inner.Name : $"{path} {inner.Name}";
                found.Add((innerPath, inner));
                Collect(inner, innerPath);
            }
        }
    }
}
