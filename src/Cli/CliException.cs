namespace Rag.Cli;

/// <summary>A failure that is told to the user in one sentence, which says what to do.</summary>
internal sealed class CliException(string message, int exitCode = ExitCode.Failure) : Exception(message)
{
    public int ExitCode { get; } = exitCode;
}
