using Rag.Hosting.Overload;
using Rag.Router.Balancing;

namespace Rag.Router;

/// <summary>How a router behaves; checked when it starts, with every error listed.</summary>
public sealed class RouterOptions
{
    /// <summary>
    /// How long settings of a workspace are used without asking the metadata store. Changes made through this router
    /// take effect at once; a shard refuses requests under settings that are older than its own, so this only decides
    /// how soon a workspace deleted elsewhere is reported as gone. Default: 2 s, and 10 min where no other process has the
    /// metadata (<c>rag serve</c> with SQLite); 0 to 1 h.
    /// </summary>
    public TimeSpan? SettingsTtl { get; init; }

    /// <summary>Most workspaces whose settings are kept; about 1 KiB each. Default 50,000.</summary>
    public int MaxCachedWorkspaces { get; init; } = 50_000;

    /// <summary>
    /// Time for a call whose caller sets no deadline. Default 60 s; 1 s to 1 h. Uploads and watches have none.
    /// </summary>
    public TimeSpan DefaultTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Calls at a time; more are answered with RESOURCE_EXHAUSTED. Default 4,096.</summary>
    public int MaxConcurrentCalls { get; init; } = 4096;

    /// <summary>Searches of one SearchBatch that run at a time. Default 16; 1 to 256.</summary>
    public int BatchParallelism { get; init; } = 16;

    /// <summary>Searches of one SearchStream that run at a time; more wait unread. Default 128; 1 to 4,096.</summary>
    public int StreamParallelism { get; init; } = 128;

    /// <summary>Batches of one bulk stream that are on their way at a time. Default 4; 1 to 64.</summary>
    public int BulkParallelism { get; init; } = 4;

    /// <summary>Shards of one call that are asked at a time. Default 64; 1 to 1,024.</summary>
    public int ScatterParallelism { get; init; } = 64;

    /// <summary>
    /// Largest request or answer in bytes. 1,000 chunks with 4,096 dimensions and short texts have 17 MiB. Default
    /// 32 MiB; 4 MiB to 1 GiB.
    /// </summary>
    public int MaxMessageBytes { get; init; } = 32 * 1024 * 1024;

    /// <summary>Largest file in bytes. Default 1 GiB.</summary>
    public long MaxFileBytes { get; init; } = 1024L * 1024 * 1024;

    /// <summary>Most unfinished ingestion jobs of one workspace. Default 100,000.</summary>
    public int MaxUnfinishedJobs { get; init; } = 100_000;

    /// <summary>
    /// How often unfinished creations, changes and deletions are looked for. Default 5 s; 10 ms to 1 h.
    /// </summary>
    public TimeSpan SweepInterval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How often shards are asked whether they are there. Default 5 s; 100 ms to 10 min.</summary>
    public TimeSpan HealthInterval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Streams to each shard that searches share; 0: each search is a call of its own. Default 4; 0 to 64.
    /// </summary>
    public int SearchStreams { get; init; } = 4;

    /// <summary>What becomes of searches when more come than can be served.</summary>
    public OverloadOptions Overload { get; init; } = new();

    /// <summary>
    /// Serves a method that takes a search and answers nothing, to measure what a call costs by itself. Default: no.
    /// </summary>
    public bool Probe { get; init; }

    /// <summary>How replicas are chosen, when a call is repeated, and when a shard is given up.</summary>
    public BalancingOptions Balancing { get; init; } = new();

    /// <summary>Every error of these options, each beginning with the option's name; empty if they are fit.</summary>
    public IReadOnlyList<string> Validate()
    {
        var errors = new List<string>();
        Check(errors, nameof(SettingsTtl), SettingsTtl ?? TimeSpan.Zero, TimeSpan.Zero, TimeSpan.FromHours(1));
        Check(errors, nameof(DefaultTimeout), DefaultTimeout, TimeSpan.FromSeconds(1), TimeSpan.FromHours(1));
        Check(errors, nameof(SweepInterval), SweepInterval, TimeSpan.FromMilliseconds(10), TimeSpan.FromHours(1));
        Check(errors, nameof(HealthInterval), HealthInterval, TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(10));
        Check(errors, nameof(MaxCachedWorkspaces), MaxCachedWorkspaces, 1, 10_000_000);
        Check(errors, nameof(MaxConcurrentCalls), MaxConcurrentCalls, 1, 1_000_000);
        Check(errors, nameof(BatchParallelism), BatchParallelism, 1, 256);
        Check(errors, nameof(StreamParallelism), StreamParallelism, 1, 4096);
        Check(errors, nameof(BulkParallelism), BulkParallelism, 1, 64);
        Check(errors, nameof(ScatterParallelism), ScatterParallelism, 1, 1024);
        Check(errors, nameof(MaxMessageBytes), MaxMessageBytes, 4 * 1024 * 1024, 1024 * 1024 * 1024);
        Check(errors, nameof(MaxFileBytes), MaxFileBytes, 1, 1024L * 1024 * 1024 * 1024);
        Check(errors, nameof(MaxUnfinishedJobs), MaxUnfinishedJobs, 1, 100_000_000);
        Check(errors, nameof(SearchStreams), SearchStreams, 0, 64);
        errors.AddRange(Overload.Validate().Select(error => $"{nameof(Overload)}.{error}"));
        errors.AddRange(Balancing.Validate().Select(error => $"{nameof(Balancing)}.{error}"));
        return errors;
    }

    private static void Check<T>(List<string> errors, string name, T value, T least, T most)
        where T : IComparable<T>
    {
        if (value.CompareTo(least) < 0 || value.CompareTo(most) > 0)
            errors.Add($"{name}: {value} is not between {least} and {most}.");
    }
}
