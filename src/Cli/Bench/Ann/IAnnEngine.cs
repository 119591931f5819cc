namespace Rag.Cli.Bench.Ann;

/// <summary>
/// Something that answers the queries of a benchmark at a given effort: our index, or another library in a process of
/// its own. Built once, then asked by one caller at a time.
/// </summary>
internal interface IAnnEngine : IAsyncDisposable
{
    string Name { get; }

    /// <summary>Indexes the vectors.</summary>
    /// <returns>Seconds that it took.</returns>
    Task<double> BuildAsync(int threads, CancellationToken cancellationToken);

    /// <summary>
    /// Answers each query once: k rows for each of them, one after the other, best first, −1 where fewer were found.
    /// </summary>
    Task<int[]> SearchAsync(int effort, int threads, CancellationToken cancellationToken);

    /// <summary>
    /// Answers all queries, one a call, each thread pinned to a core, in whole passes until <paramref name="atLeast"/>
    /// is over.
    /// </summary>
    Task<AnnPass> TimeAsync(int effort, int threads, TimeSpan atLeast, CancellationToken cancellationToken);
}
