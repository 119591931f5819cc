using System.CommandLine;
using Rag.Load.Scenarios;

namespace Rag.Load;

internal static class Program
{
    private const int Failure = 1;
    private const int Usage = 2;
    private const int Interrupted = 130;

    private static async Task<int> Main(string[] args)
    {
        using var stop = new CancellationTokenSource();
        Console.CancelKeyPress += (_, pressed) =>
        {
            pressed.Cancel = !stop.IsCancellationRequested;
            stop.Cancel();
        };
        using var terminated = System.Runtime.InteropServices.PosixSignalRegistration.Create(
            System.Runtime.InteropServices.PosixSignal.SIGTERM, context =>
            {
                context.Cancel = true;
                stop.Cancel();
            });
        var root = new RootCommand("Sends load to a search engine, at rates that do not depend on its answers.") { RunVerb.Create(), ListVerb.Create() };
        var parsed = root.Parse(args);
        if (parsed.Errors.Count > 0)
        {
            foreach (var error in parsed.Errors)
                Console.Error.WriteLine($"rag load: {error.Message}");
            Console.Error.WriteLine("Add --help to see what is possible.");
            return Usage;
        }

        try
        {
            return await parsed.InvokeAsync(
                new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null }, stop.Token);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return Interrupted;
        }
        catch (Exception failure)
        {
            Console.Error.WriteLine($"rag load: {failure.Message}");
            if (Environment.GetEnvironmentVariable("RAG_TRACE") == "1")
                Console.Error.WriteLine(failure);
            return failure is ScenarioException ? Usage : Failure;
        }
    }
}
