using Rag.Cli.Output;

namespace Rag.Cli.Tests;

/// <summary>Runs one command line in this process, with output and input of its own.</summary>
internal sealed record CommandRun(int ExitCode, string Output, string Error)
{
    public IReadOnlyList<string> Lines => Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    public static Task<CommandRun> RunAsync(params string[] arguments) => RunWithInputAsync("", arguments);

    public static async Task<CommandRun> RunWithInputAsync(string input, params string[] arguments)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var code = await Program.RunAsync(
            arguments, new Terminal(output, error, new StringReader(input)), TestContext.Current.CancellationToken);
        return new CommandRun(code, output.ToString(), error.ToString());
    }
}
