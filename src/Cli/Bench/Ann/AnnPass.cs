namespace Rag.Cli.Bench.Ann;

/// <summary>A timed run over the queries.</summary>
/// <param name="Queries">Queries answered, over all threads.</param>
/// <param name="Seconds">Time from the first to the last of them.</param>
internal readonly record struct AnnPass(long Queries, double Seconds)
{
    public double QueriesPerSecond => Queries / Seconds;
}
