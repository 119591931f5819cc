using Rag.Ingestor.Extraction;

namespace Rag.Ingestor;

/// <summary>How a process ingests files. Immutable; validated when it is added to a host.</summary>
public sealed class IngestorOptions
{
    /// <summary>
    /// Name of this worker in job records, of no other that runs; machine and process by default. At its start it takes
    /// over what its namesake left.
    /// </summary>
    public string WorkerName { get; init; } = $"{Environment.MachineName}:{Environment.ProcessId}";

    /// <summary>Folder that holds a folder of each model, for its tokenizer; "models".</summary>
    public string ModelsFolder { get; init; } = "models";

    /// <summary>
    /// Model whose tokens are counted for workspaces whose vectors come from callers; all-MiniLM-L6-v2.
    /// </summary>
    public string DefaultModel { get; init; } = "all-MiniLM-L6-v2";

    /// <summary>Limits of reading files.</summary>
    public ExtractionOptions Extraction { get; init; } = new();

    /// <summary>Jobs that are worked on at a time, 2 to 1,024; 32. Most of them wait for embedding.</summary>
    public int MaxJobs { get; init; } = 32;

    /// <summary>
    /// Files that are read and cut at a time, 1 to 256; one for each core, at least 2. A file that waits for its
    /// chunks to
    /// be written is not counted, unless its reader holds much memory.
    /// </summary>
    public int MaxExtractions { get; init; } = Math.Max(2, Environment.ProcessorCount);

    /// <summary>Batches of chunks on their way to the router at a time, 1 to 256; 8.</summary>
    public int MaxWrites { get; init; } = 8;

    /// <summary>
    /// Largest share of the three limits above that one workspace may take, in percent, 1 to 100; 75. At least one of
    /// each is left to the others where a limit is above one.
    /// </summary>
    public int WorkspaceShare { get; init; } = 75;

    /// <summary>Most chunks of one batch, 1 to 1,000; 64: a second or two of a core for the full encoder.</summary>
    public int BatchChunks { get; init; } = 64;

    /// <summary>Most bytes of text of one batch, once it has a chunk; 256 KiB.</summary>
    public int BatchBytes { get; init; } = 256 * 1024;

    /// <summary>
    /// How long a claimed job is this worker's without a sign of life, 5 s to 1 h; 15 s, renewed each third of it. After a
    /// crash its jobs go on when their leases have run out, or when a worker of the same name starts.
    /// </summary>
    public TimeSpan Lease { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>
    /// Most jobs of one workspace that wait in the lanes on NATS, 1 to 1,024; 32. The others of it wait in the store, so
    /// that another workspace's job never has more than these before it.
    /// </summary>
    public int LaneJobsPerWorkspace { get; init; } = 32;

    /// <summary>Most jobs of all workspaces that wait in the lanes on NATS, 1 to 4,096; 256. Eight ingestors work on so many.</summary>
    public int LaneJobs { get; init; } = 256;

    /// <summary>How often due jobs are looked for without a ring, for the lanes on NATS, 10 ms to 1 min; 250 ms.</summary>
    public TimeSpan DispatchInterval { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>How often progress is reported and cancellations are looked for, 10 ms to 1 min; 500 ms.</summary>
    public TimeSpan ReportInterval { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>
    /// Deadline of one call to the router, 1 s to 8 min; 5 minutes, because a batch is embedded in it, on a busy
    /// machine
    /// too.
    /// </summary>
    public TimeSpan CallTimeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>
    /// How long one call is tried again while the router is not available or overloaded; 3 minutes. Less than the ten
    /// minutes for which a retry is known to be one.
    /// </summary>
    public TimeSpan CallRetryLimit { get; init; } = TimeSpan.FromMinutes(3);

    /// <summary>First pause before a call is tried again; doubles each time up to 32 times this. 50 ms.</summary>
    public TimeSpan CallRetryDelay { get; init; } = TimeSpan.FromMilliseconds(50);

    /// <summary>Tries of a job before it is given up, 1 to 100; 8.</summary>
    public int MaxAttempts { get; init; } = 8;

    /// <summary>Pause before a job's second try; doubles each time. 2 s.</summary>
    public TimeSpan JobRetryDelay { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Longest pause between two tries of a job; 10 minutes.</summary>
    public TimeSpan MaxJobRetryDelay { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>How long jobs that are over stay on record; 7 days.</summary>
    public TimeSpan JobRetention { get; init; } = TimeSpan.FromDays(7);

    /// <summary>How often old jobs and files without a job are cleared away; 10 minutes.</summary>
    public TimeSpan HousekeepingInterval { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>
    /// Age from which a file without an unfinished job is cleared away; 1 hour, longer than any upload's pause.
    /// </summary>
    public TimeSpan OrphanAge { get; init; } = TimeSpan.FromHours(1);

    /// <summary>Most of a limit that one workspace may take.</summary>
    internal int ShareOf(int limit)
    {
        var most = WorkspaceShare == 100 ? limit : Math.Max(1, limit - 1);
        return Math.Clamp(limit * WorkspaceShare / 100, 1, most);
    }

    /// <summary>Every error in these options, by key; empty when they are usable.</summary>
    public IReadOnlyList<string> Validate()
    {
        var errors = new List<string>();
        Check(!string.IsNullOrWhiteSpace(WorkerName), $"{nameof(WorkerName)} is empty");
        Check(!string.IsNullOrWhiteSpace(ModelsFolder), $"{nameof(ModelsFolder)} is empty");
        Check(!string.IsNullOrWhiteSpace(DefaultModel), $"{nameof(DefaultModel)} is empty");
        Range(MaxJobs, 2, 1024, nameof(MaxJobs));
        Range(MaxExtractions, 1, 256, nameof(MaxExtractions));
        Range(MaxWrites, 1, 256, nameof(MaxWrites));
        Range(WorkspaceShare, 1, 100, nameof(WorkspaceShare));
        Range(LaneJobsPerWorkspace, 1, 1024, nameof(LaneJobsPerWorkspace));
        Range(LaneJobs, 1, 4096, nameof(LaneJobs));
        Span(DispatchInterval, TimeSpan.FromMilliseconds(10), TimeSpan.FromMinutes(1), nameof(DispatchInterval));
        Range(BatchChunks, 1, 1000, nameof(BatchChunks));
        Range(BatchBytes, 1024, 3 << 20, nameof(BatchBytes));
        Range(MaxAttempts, 1, 100, nameof(MaxAttempts));
        Span(Lease, TimeSpan.FromSeconds(5), TimeSpan.FromHours(1), nameof(Lease));
        Span(ReportInterval, TimeSpan.FromMilliseconds(10), TimeSpan.FromMinutes(1), nameof(ReportInterval));
        Span(CallTimeout, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(8), nameof(CallTimeout));
        Span(CallRetryLimit, TimeSpan.Zero, TimeSpan.FromMinutes(8), nameof(CallRetryLimit));
        Span(CallRetryDelay, TimeSpan.FromMilliseconds(1), TimeSpan.FromSeconds(10), nameof(CallRetryDelay));
        Span(JobRetryDelay, TimeSpan.FromMilliseconds(1), TimeSpan.FromHours(1), nameof(JobRetryDelay));
        Span(MaxJobRetryDelay, JobRetryDelay, TimeSpan.FromDays(1), nameof(MaxJobRetryDelay));
        Span(JobRetention, TimeSpan.FromMinutes(1), TimeSpan.FromDays(3650), nameof(JobRetention));
        Span(HousekeepingInterval, TimeSpan.FromSeconds(1), TimeSpan.FromDays(1), nameof(HousekeepingInterval));
        Span(OrphanAge, TimeSpan.FromMinutes(1), TimeSpan.FromDays(365), nameof(OrphanAge));
        errors.AddRange(Extraction.Validate().Select(error => $"{nameof(Extraction)}.{error}"));
        return errors;

        void Check(bool holds, string error)
        {
            if (!holds)
                errors.Add(error);
        }

        void Range(int value, int least, int most, string key) =>
            Check(value >= least && value <= most, $"{key} is {value}, but has to be {least} to {most}");

        void Span(TimeSpan value, TimeSpan least, TimeSpan most, string key) =>
            Check(value >= least && value <= most, $"{key} is {value}, but has to be {least} to {most}");
    }
}
