namespace Rag.Cli;

/// <summary>The one place that turns an exception into a sentence on standard error and an exit code.</summary>
internal static class FailureReport
{
    public static int Write(Exception failure, TextWriter error, CancellationToken cancellationToken)
    {
        if (failure is OperationCanceledException && cancellationToken.IsCancellationRequested)
            return ExitCode.Interrupted;
        error.WriteLine($"rag: {failure.Message}");
        if (failure is CliException known)
            return known.ExitCode;
        if (Environment.GetEnvironmentVariable("RAG_TRACE") == "1")
            error.WriteLine(failure);
        return ExitCode.Failure;
    }
}
