using System.Diagnostics;
using System.Globalization;
using Rag.Cli.Bench;
using Rag.Metadata.Postgres;
using Rag.Testing;

namespace Rag.Benchmarks;

/// <summary>
/// Every query of the metadata store against a real PostgreSQL that syncs to disk:
/// <c>dotnet run -c Release --project bench -- metadata [DOCUMENTS [together]]</c>. A million documents in 1,000 workspaces, 100,000
/// jobs of which 20,000 wait. Open loop: queries come at a stated rate whether earlier ones are answered or not, and times
/// count from the moment at which a query was due. First each query alone, then all at once at the rates of a cluster that
/// takes in 50 files a second. The bar is a p99 under 10 ms for each round trip, both times; the exit code says whether all
/// met it. Takes about three minutes; with "together", which leaves out each query alone, one.
/// </summary>
internal static class MetadataReport
{
    private const double BarMs = 10;

    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(0.5);
    private static readonly TimeSpan Alone = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan TogetherWarmUp = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan Together = TimeSpan.FromSeconds(20);

    public static async Task<int> RunAsync(int documents, bool isAloneToo)
    {
        if (!PostgresServer.IsInstalled)
        {
            await Console.Error.WriteLineAsync("PostgreSQL 15 is missing: apt-get install postgresql-15.");
            return 1;
        }

        await using var server = await PostgresServer.StartAsync(
            "fsync=on", "full_page_writes=on", "shared_buffers=512MB", "max_wal_size=4GB");
        var database = await server.CreateDatabaseAsync("rag");
        await using var store = await PostgresMetadataStore.OpenAsync(new PostgresMetadataOptions { ConnectionString = database });
        var watch = Stopwatch.StartNew();
        await MetadataTables.FillAsync(database, documents);
        var filled = watch.Elapsed;
        var queries = new MetadataQueries(store, documents);
        if (queries.Missing().ToList() is { Count: > 0 } missing)
        {
            await Console.Error.WriteLineAsync($"Not measured, add them to MetadataQueries: {string.Join(", ", missing)}.");
            return 1;
        }

        await queries.PrepareAsync();
        return await MeasureAsync(queries.All(), documents, filled, isAloneToo) ? 0 : 1;
    }

    private static async Task<bool> MeasureAsync(
        IReadOnlyList<MetadataQuery> queries, int documents, TimeSpan filled, bool isAloneToo)
    {
        var alone = new List<double[]>();
        foreach (var query in queries)
        {
            // What one query leaves another one takes, so each runs a little in any case.
            var times = await OpenLoop.RunAsync([(query, query.RateAlone)], WarmUp, isAloneToo ? Alone : TimeSpan.Zero, seed: alone.Count);
            alone.Add(times[0]);
        }

        var together = await OpenLoop.RunAsync([.. queries.Select(static query => (query, query.Rate))], TogetherWarmUp, Together, seed: 1000);

        Say($"{BenchMachine.Cpu}, load {LoadAverage()}; {documents:N0} documents in {MetadataTables.Workspaces:N0} workspaces, filled in {filled.TotalSeconds:0} s.");
        Say($"Milliseconds from the moment a query was due; together: {queries.Sum(static query => query.Rate):N0} queries a second.\n");
        Say($"| query | trips | alone, a second | p50 | p99 | max | together, a second | p50 | p99 | max | p99 < {BarMs:0} ms a trip |");
        Say($"| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |");
        var missed = 0;
        for (var i = 0; i < queries.Count; i++)
        {
            var query = queries[i];
            var met = Math.Max(Percentile(alone[i], 0.99), Percentile(together[i], 0.99)) < BarMs * query.Trips;
            missed += met ? 0 : 1;
            Say($"| {query.Name} | {query.Trips} | {query.RateAlone:0} | {Times(alone[i])} | {query.Rate:0.#} | {Times(together[i])} | {(met ? "met" : "MISSED")} |");
        }

        Say($"\n{queries.Count - missed} of {queries.Count} queries met the bar.");
        return missed == 0;
    }

    private static string Times(double[] sorted) => string.Create(CultureInfo.InvariantCulture,
        $"{Percentile(sorted, 0.5):0.00} | {Percentile(sorted, 0.99):0.00} | {Percentile(sorted, 1):0.00}");

    private static double Percentile(double[] sorted, double share) =>
        sorted.Length == 0 ? 0 : sorted[Math.Min(sorted.Length - 1, (int)(sorted.Length * share))];

    private static void Say(FormattableString line) => Console.WriteLine(line.ToString(CultureInfo.InvariantCulture));

    private static string LoadAverage() => File.ReadAllText("/proc/loadavg").Split(' ')[0];
}
