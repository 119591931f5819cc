using BenchmarkDotNet.Attributes;
using Microsoft.Extensions.Logging.Abstractions;
using Rag.Engine.Storage;

namespace Rag.Benchmarks;

/// <summary>
/// Acknowledged appends of 1,000 bytes to the mutation log on the disk that holds the temporary folder: group commits,
/// two syncs each. The sink does nothing.
/// </summary>
public class MutationLogBenchmarks
{
    private const int AppendsOfACaller = 100;

    private readonly byte[] _payload = new byte[1000];
    private readonly SliceId[] _slices =
        [.. Enumerable.Range(0, 100).Select(i => new SliceId(Guid.CreateVersion7(), i))];

    private string _folder = "";
    private FasterMutationLog _log = null!;

    /// <summary>Callers, each of which waits for an append before it makes the next.</summary>
    [Params(1, 16, 256)]
    public int Callers { get; set; }

    [GlobalSetup]
    public async Task SetupAsync()
    {
        _folder = Directory.CreateTempSubdirectory("rag-bench-").FullName;
        var files = LocalFileSystem.Instance;
        var health = new StorageHealth(files, _folder, 0, TimeProvider.System);
        _log = FasterMutationLog.Open(
            files, new MutationLogOptions { Folder = Path.Combine(_folder, "log") }, ChecksumCodec.Instance, health,
            TimeProvider.System, NullLogger.Instance);
        await _log.ReplayAsync(new NoSink(), 0, default);
    }

    [GlobalCleanup]
    public async Task CleanupAsync()
    {
        await _log.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>100 appends by each caller; divide by 100 · callers for one.</summary>
    [Benchmark]
    public async Task AppendAsync()
    {
        await Task.WhenAll(Enumerable.Range(0, Callers).Select(caller => Task.Run(async () =>
        {
            for (var i = 0; i < AppendsOfACaller; i++)
            {
                await _log.AppendAsync(
                    new LogRecord(_slices[caller % _slices.Length], 1, 1, Guid.CreateVersion7(), _payload), default);
            }
        })));
        await _log.TruncateBeforeAsync(_log.TailPosition, default);
    }

    private sealed class NoSink : IMutationSink
    {
        public void Apply(IReadOnlyList<DurableRecord> batch)
        {
        }

        public void Quarantine(Guid workspaceUid, string reason) => throw new InvalidDataException(reason);

        public void QuarantineAllExcept(IReadOnlySet<Guid> unharmed, string reason) =>
            throw new InvalidDataException(reason);
    }
}
