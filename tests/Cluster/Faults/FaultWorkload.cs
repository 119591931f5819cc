using System.Diagnostics;
using Rag.Client;
using Rag.V1;

namespace Rag.Cluster.Tests.Faults;

/// <summary>
/// Writers and searchers that go on whatever happens to the cluster, and remember what was acknowledged. Each writer has
/// keys of its own, so the order of writes to a key is known; a key whose write was not answered is written no more, and
/// may hold either value.
/// </summary>
internal sealed class FaultWorkload(string address, int seed) : IAsyncDisposable
{
    public const string WorkspaceName = "faults";

    private const int Writers = 3;
    private const int Searchers = 2;
    private const int KeysPerWriter = 40;
    private const int Dimension = 8;

    private readonly RagClient _client = RagClient.Connect(address, new RagClientOptions { Timeout = TimeSpan.FromSeconds(25) });
    private readonly ChunkModel _model = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly List<string> _faults = [];
    private Task _running = Task.CompletedTask;
    private long _writes;
    private long _searches;
    private long _failedSearches;
    private long _failedWrites;
    private long _graceUntil;

    public long Writes => Volatile.Read(ref _writes);

    public long Searches => Volatile.Read(ref _searches);

    /// <summary>Failed although nothing had been broken for two seconds.</summary>
    public long FailedSearches => Volatile.Read(ref _failedSearches);

    /// <summary>Not acknowledged within 25 seconds.</summary>
    public long FailedWrites => Volatile.Read(ref _failedWrites);

    public async Task StartAsync()
    {
        await _client.Workspaces.CreateAsync(new Workspace
        {
            Name = WorkspaceName, Spread = 8, Spaces = { new VectorSpace { Dimension = Dimension, Metric = Metric.L2 } },
        });
        _running = Task.WhenAll(
            [.. Enumerable.Range(0, Writers).Select(writer => Task.Run(() => WriteAsync(writer))),
                .. Enumerable.Range(0, Searchers).Select(searcher => Task.Run(() => SearchAsync(searcher)))]);
    }

    /// <summary>Something is about to be broken: searches may fail for two seconds.</summary>
    public void NoteFault() => Volatile.Write(ref _graceUntil, Stopwatch.GetTimestamp() + 2 * Stopwatch.Frequency);

    /// <summary>Returns when so many more writes were acknowledged: the cluster takes them.</summary>
    public Task MoreWritesAsync(int count, TimeSpan limit)
    {
        var wanted = Writes + count;
        return Testing.Eventually.HoldsAsync(
            () => Writes >= wanted || _running.IsCompleted, $"{count} more writes are acknowledged", limit);
    }

    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _running.WaitAsync(TimeSpan.FromSeconds(60));
        lock (_faults)
            _faults.ShouldBeEmpty();
    }

    /// <summary>Compares what the cluster holds with what was acknowledged.</summary>
    public async Task VerifyAsync(string when)
    {
        var keys = _model.Keys.ToList();
        var found = new Dictionary<string, int>();
        foreach (var some in keys.Chunk(500))
        {
            var chunks = await _client.Workspace(WorkspaceName).Chunks.GetAsync(some.Select(key => new ChunkKey { ChunkId = key }));
            foreach (var chunk in chunks.Chunks)
                found.Add(chunk.ChunkId, int.Parse(chunk.Text));
        }

        keys.Select(key => _model.Check(key, found.GetValueOrDefault(key, ChunkModel.Absent))).OfType<string>().ToList()
            .ShouldBeEmpty(when);
        var listed = new List<string>();
        await foreach (var chunk in _client.Workspace(WorkspaceName).Chunks.ListAsync())
            listed.Add(chunk.ChunkId);
        listed.ShouldBe(_model.Present().Keys, ignoreOrder: true, customMessage: when);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _client.DisposeAsync();
        _stop.Dispose();
    }

    private async Task WriteAsync(int writer)
    {
        var random = new Random(seed + writer);
        var chunks = _client.Workspace(WorkspaceName).Chunks;
        var generation = 0;
        for (var value = 1; !_stop.IsCancellationRequested; value++)
        {
            var key = $"w{writer}-g{generation}-{random.Next(KeysPerWriter)}";
            var isDelete = random.Next(4) == 0;
            _model.Begin(key, isDelete ? ChunkModel.Absent : value);
            try
            {
                if (isDelete)
                    await chunks.DeleteAsync([new ChunkKey { ChunkId = key }]);
                else
                    (await chunks.UpsertAsync([ChunkOf(key, value)])).Results.Single().Error.ShouldBeNull();
                _model.Acknowledge(key);
                Interlocked.Increment(ref _writes);
            }
            catch (RagException)
            {
                Interlocked.Increment(ref _failedWrites);
                generation++; // What was not answered may still come: the keys so far are left alone.
            }
        }
    }

    private async Task SearchAsync(int searcher)
    {
        var random = new Random(seed + 100 + searcher);
        var workspace = _client.Workspace(WorkspaceName);
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                var answer = await workspace.SearchAsync(new SearchQuery { Vector = VectorOf(random.Next(Writers), random.Next(1000)), K = 10 });
                Interlocked.Increment(ref _searches);
                // No phantom: whatever is found was written by somebody, in the form in which it is found.
                foreach (var hit in answer.Hits.Where(hit => !hit.ChunkId.StartsWith('w') || !int.TryParse(hit.Text, out _)))
                    Fault($"a search found {hit.ChunkId}: '{hit.Text}'");
            }
            catch (RagException failure)
            {
                if (Stopwatch.GetTimestamp() > Volatile.Read(ref _graceUntil) && !_stop.IsCancellationRequested)
                {
                    Interlocked.Increment(ref _failedSearches);
                    LastFailure = failure.Message;
                }
            }
        }
    }

    /// <summary>Why the last search failed that should not have.</summary>
    public string? LastFailure { get; private set; }

    private void Fault(string text)
    {
        lock (_faults)
            _faults.Add(text);
    }

    private static Chunk ChunkOf(string key, int value) => new()
    {
        ChunkId = key, Text = value.ToString(), Vectors = { [""] = VectorValue.Of(VectorOf(key[1] - '0', value)) },
    };

    private static float[] VectorOf(int writer, int value)
    {
        var random = new Random(writer * 100_000 + value);
        return [.. Enumerable.Range(0, Dimension).Select(_ => random.NextSingle())];
    }
}
