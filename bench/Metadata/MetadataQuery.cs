namespace Rag.Benchmarks;

/// <summary>A query that the product makes of its metadata store.</summary>
/// <param name="Name">What it is, with its size where that matters.</param>
/// <param name="Member">The store's method.</param>
/// <param name="Rate">How many a second when all run at once: of a cluster that takes in 50 files a second.</param>
/// <param name="RateAlone">How many a second when it runs alone.</param>
/// <param name="Trips">Round trips of one call, each with a bar of its own.</param>
/// <param name="RunAsync">Makes it once.</param>
internal sealed record MetadataQuery(
    string Name, string Member, double Rate, double RateAlone, int Trips, Func<Random, Task> RunAsync);
