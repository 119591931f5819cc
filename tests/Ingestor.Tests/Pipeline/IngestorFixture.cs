using Grpc.Net.InProcess;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;
using Rag.Hosting.Messaging;
using Rag.Ingestor.Chunking;
using Rag.Ingestor.Lanes;
using Rag.Metadata;
using Rag.Metadata.Sqlite;
using Rag.Testing;

namespace Rag.Ingestor.Tests.Pipeline;

/// <summary>An ingestor over a real metadata store and a router that a test controls.</summary>
internal sealed class IngestorFixture : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly List<Running> _running = [];

    private IngestorFixture()
    {
    }

    public FakeRouter Router { get; } = new();

    public IMetadataStore Store { get; private set; } = null!;

    public static IngestorOptions Quick { get; } = new()
    {
        ReportInterval = TimeSpan.FromMilliseconds(20),
        CallRetryDelay = TimeSpan.FromMilliseconds(1),
        CallRetryLimit = TimeSpan.FromSeconds(20),
        JobRetryDelay = TimeSpan.FromMilliseconds(1),
        MaxJobRetryDelay = TimeSpan.FromMilliseconds(5),
    };

    public static async Task<IngestorFixture> OpenAsync()
    {
        var fixture = new IngestorFixture();
        fixture.Store = await SqliteMetadataStore.OpenAsync(
            new SqliteMetadataOptions { Folder = fixture._folder.Path, PollInterval = TimeSpan.FromMilliseconds(50) });
        return fixture;
    }

    /// <summary>Over a store that the caller opened; it goes with the fixture.</summary>
    public static IngestorFixture Over(IMetadataStore store) => new() { Store = store };

    /// <param name="nats">Takes jobs from lanes there; null: from the store.</param>
    public async Task<Running> StartAsync(IngestorOptions? options = null, NatsOptions? nats = null)
    {
        var services = new ServiceCollection();
        services.AddLogging();
        services.AddSingleton<IMetadataStore>(Store);
        services.AddSingleton<ITokenCounters>(new TestCounters());
        var server = new InProcessServer().Bind(Router);
        services.AddIngestor(options ?? Quick, _ => server.CreateCallInvoker());
        var connection = nats is null ? null : services.AddNats(nats, NullLoggerFactory.Instance);
        if (nats is not null)
            services.AddJobLanes();
        var running = new Running(services.BuildServiceProvider(), connection);
        await running.StartAsync();
        _running.Add(running);
        return running;
    }

    public async Task<WorkspaceRecord> WorkspaceAsync(string name = "docs")
    {
        var insert = await Store.Workspaces.InsertAsync(
            new NewWorkspace(Guid.CreateVersion7(), name, "settings"u8.ToArray()), default);
        return (await Store.Workspaces.MarkAppliedAsync(insert.Record.Uid, 1, default))!;
    }

    public async Task<JobRecord> SubmitAsync(
        WorkspaceRecord workspace, string documentId, ReadOnlyMemory<byte> bytes, bool force = false,
        ReadOnlyMemory<byte> metadata = default, bool withBytes = true, bool withName = true,
        JobPriority priority = JobPriority.Normal)
    {
        var jobId = Guid.CreateVersion7();
        ReadOnlyMemory<byte> hash = System.Security.Cryptography.SHA256.HashData(bytes.Span);
        if (withBytes)
        {
            await using var blob = Store.Blobs.Create(jobId);
            await blob.AppendAsync(bytes, default);
            hash = (await blob.CompleteAsync(default)).Sha256;
        }

        var job = new NewJob
        {
            JobId = jobId,
            WorkspaceUid = workspace.Uid,
            Workspace = workspace.Name,
            DocumentId = documentId,
            FileName = withName ? documentId : "",
            Metadata = metadata,
            Force = force,
            Priority = priority,
            SizeBytes = bytes.Length,
            ContentHash = hash,
        };
        var enqueued = await Store.Jobs.EnqueueAsync(job, 100_000, default);
        enqueued.Status.ShouldBe(JobEnqueueStatus.Queued);
        return enqueued.Job!;
    }

    public Task<JobRecord> SubmitAsync(WorkspaceRecord workspace, string documentId, string text, bool force = false) =>
        SubmitAsync(workspace, documentId, System.Text.Encoding.UTF8.GetBytes(text), force);

    /// <summary>Waits for the job's end.</summary>
    public async Task<JobRecord> EndOfAsync(JobRecord job)
    {
        var current = job;
        await Eventually.HoldsAsync(async () =>
        {
            current = (await Store.Jobs.FindAsync(job.WorkspaceUid, job.JobId, default))!;
            return current.IsOver;
        }, $"job {job.JobId} to end; it is {current.State}: {current.Reason}", TimeSpan.FromSeconds(90));
        return current;
    }

    public async Task<bool> HasBytesAsync(JobRecord job)
    {
        await using var content = await Store.Blobs.OpenReadAsync(job.JobId, default);
        return content is not null;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var running in _running)
            await running.DisposeAsync();
        await Store.DisposeAsync();
        _folder.Dispose();
    }

    internal sealed class TestCounters : ITokenCounters
    {
        public ITokenCounter? Find(string model) => model == "unknown-model" ? null : new WordCounter();
    }

    /// <summary>One ingestor process's part.</summary>
    internal sealed class Running(ServiceProvider provider, IAsyncDisposable? connection) : IAsyncDisposable
    {
        private bool _stopped;

        public T Get<T>()
            where T : notnull => provider.GetRequiredService<T>();

        public async Task StartAsync()
        {
            foreach (var service in provider.GetServices<IHostedService>())
                await service.StartAsync(default);
        }

        public async Task StopAsync()
        {
            if (_stopped)
                return;
            _stopped = true;
            foreach (var service in provider.GetServices<IHostedService>())
                await service.StopAsync(default);
        }

        public async ValueTask DisposeAsync()
        {
            await StopAsync();
            await provider.DisposeAsync();
            if (connection is not null)
                await connection.DisposeAsync();
        }
    }
}
