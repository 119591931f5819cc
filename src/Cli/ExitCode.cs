namespace Rag.Cli;

/// <summary>What every verb ends with.</summary>
internal static class ExitCode
{
    public const int Ok = 0;

    /// <summary>The work could not be done, or not all of it; standard error says why.</summary>
    public const int Failure = 1;

    /// <summary>The command line is not understood.</summary>
    public const int Usage = 2;

    /// <summary>What it was told contradicts itself or the cluster: starting it again does not help.</summary>
    public const int Misconfigured = 3;

    /// <summary>Ctrl-C or SIGTERM before the work was done.</summary>
    public const int Interrupted = 130;
}
