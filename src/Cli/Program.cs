using System.CommandLine;
using Rag.Cli.Output;

namespace Rag.Cli;

internal static class Program
{
    private static async Task<int> Main(string[] args)
    {
        using var stop = new StopSignal();
        return await RunAsync(args, new Terminal(Console.Out, Console.Error, Console.In), stop.Token);
    }

    /// <summary>One whole command; tests call it with a terminal of their own.</summary>
    internal static async Task<int> RunAsync(string[] args, Terminal terminal, CancellationToken cancellationToken)
    {
        var parsed = CommandTree.Create(terminal).Parse(args);
        if (parsed.Errors.Count > 0)
        {
            foreach (var error in parsed.Errors)
                terminal.Error.WriteLine($"rag: {error.Message}");
            terminal.Error.WriteLine("Add --help to see what is possible.");
            return ExitCode.Usage;
        }

        try
        {
            // Signals are handled by StopSignal, so that servers have the time they need to stop in order.
            var invocation = new InvocationConfiguration
            {
                EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = null,
                Output = terminal.Out,
                Error = terminal.Error,
            };
            return await parsed.InvokeAsync(invocation, cancellationToken);
        }
        catch (Exception failure)
        {
            return FailureReport.Write(failure, terminal.Error, cancellationToken);
        }
    }
}
