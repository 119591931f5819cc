using Spectre.Console;

namespace Rag.Cli.Output;

/// <summary>
/// Where a verb reads and writes: results to <see cref="Out"/>, everything else to <see cref="Error"/>. Colour and
/// moving bars only where the stream is a terminal.
/// </summary>
internal sealed class Terminal
{
    public Terminal(TextWriter output, TextWriter error, TextReader input)
    {
        Out = output;
        Error = error;
        In = input;
        Pretty = CreateConsole(output, ReferenceEquals(output, Console.Out) && !Console.IsOutputRedirected);
        Progress = CreateConsole(error, ReferenceEquals(error, Console.Error) && !Console.IsErrorRedirected);
    }

    public TextWriter Out { get; }

    public TextWriter Error { get; }

    public TextReader In { get; }

    /// <summary>Tables and colour for results; plain text where nobody looks at it.</summary>
    public IAnsiConsole Pretty { get; }

    /// <summary>Progress bars, on standard error.</summary>
    public IAnsiConsole Progress { get; }

    private static IAnsiConsole CreateConsole(TextWriter writer, bool isTerminal)
    {
        var colour = isTerminal && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"));
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(writer),
            Ansi = isTerminal ? AnsiSupport.Detect : AnsiSupport.No,
            ColorSystem = colour ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
            Interactive = isTerminal ? InteractionSupport.Detect : InteractionSupport.No,
        });
        // Redirected output is not cut to the width of a window that is not there.
        if (!isTerminal)
            console.Profile.Width = 10_000;
        return console;
    }
}
