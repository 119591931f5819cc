using System.Diagnostics;
using Rag.Client;
using Rag.V1;
using StatusCode = Grpc.Core.StatusCode;

namespace Rag.Cluster.Tests.Faults;

/// <summary>
/// Writers and searchers that go on whatever happens to the cluster, and remember what was acknowledged. Each writer has
/// keys of its own, so the order of writes to a key is known; a key whose write was not answered is written no more, and
/// may hold either value.
/// </summary>
internal sealed class FaultWorkload : IAsyncDisposable
{
    private const string WorkspaceName = "faults";
    private const int Writers = 3;
    private const int Searchers = 2;
    private const int KeysPerWriter = 40;
    private const int Dimension = 8;

    /// <summary>Each so many writes, the writer looks at once for what it wrote.</summary>
    private const int LookEvery = 4;

    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(90);

    private readonly int _seed;
    private readonly FaultClock _clock;
    private readonly RagClient _writing;
    private readonly RagClient _searching;
    private readonly ChunkModel _model = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly List<string> _faults = [];
    private Task _running = Task.CompletedTask;

    public FaultWorkload(RouterPool routers, FaultClock clock, int seed)
    {
        (_seed, _clock) = (seed, clock);
        // Longer than a write may wait: one that does is to be seen.
        _writing = new RagClient(routers, new RagClientOptions { Timeout = TimeSpan.FromSeconds(60) });
        _searching = new RagClient(routers, new RagClientOptions { Timeout = TimeSpan.FromSeconds(10) });
    }

    public OperationCount Writes { get; } = new("writes");

    public OperationCount Searches { get; } = new("searches");

    /// <summary>Searches with the token of a write, for what it wrote or deleted.</summary>
    public OperationCount OwnReads { get; } = new("reads of own writes");

    public async Task StartAsync()
    {
        await _writing.Workspaces.CreateAsync(new Workspace
        {
            Name = WorkspaceName, Spread = 8, Spaces = { new VectorSpace { Dimension = Dimension, Metric = Metric.L2 } },
        });
        _running = Task.WhenAll(
            [.. Enumerable.Range(0, Writers).Select(writer => Task.Run(() => WriteAsync(writer))),
                .. Enumerable.Range(0, Searchers).Select(searcher => Task.Run(() => SearchAsync(searcher)))]);
    }

    /// <summary>Returns when so many more writes were acknowledged and searches answered: the cluster takes them.</summary>
    public async Task GoOnAsync(int count, TimeSpan limit)
    {
        var (writes, searches) = (Writes.Done + count, Searches.Done + count);
        await Testing.Eventually.HoldsAsync(
            () => (Writes.Done >= writes && Searches.Done >= searches) || _running.IsFaulted,
            $"{count} more writes are acknowledged and searches answered", limit);
    }

    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _running.WaitAsync(StopLimit);
        lock (_faults)
            _faults.ShouldBeEmpty();
    }

    /// <summary>Compares what the cluster holds with what was acknowledged.</summary>
    public async Task VerifyAsync(string when)
    {
        var chunksOf = _writing.Workspace(WorkspaceName).Chunks;
        // What is promised holds from a moment after a shard dies: until then routers may know none that is there.
        await Testing.Eventually.HoldsAsync(() => AnswersAsync(chunksOf), $"all partitions answer {when}", TimeSpan.FromSeconds(30));
        var keys = _model.Keys.ToList();
        var found = new Dictionary<string, int>();
        foreach (var some in keys.Chunk(500))
        {
            var chunks = await chunksOf.GetAsync(some.Select(key => new ChunkKey { ChunkId = key }));
            foreach (var chunk in chunks.Chunks)
                found.Add(chunk.ChunkId, int.Parse(chunk.Text));
        }

        keys.Select(key => _model.Check(key, found.GetValueOrDefault(key, ChunkModel.Absent))).OfType<string>().ToList()
            .ShouldBeEmpty(when);
        var listed = new List<string>();
        await foreach (var chunk in chunksOf.ListAsync())
            listed.Add(chunk.ChunkId);
        var present = _model.Present();
        listed.ShouldBe(present.Keys, ignoreOrder: true, customMessage: when);
        await VerifySearchAsync(present, when);
    }

    // A search for everything finds all that was acknowledged, as it was written last, and nothing that was deleted; and each
    // chunk is the nearest to its own vector.
    private async Task VerifySearchAsync(IReadOnlyDictionary<string, int> present, string when)
    {
        var workspace = _writing.Workspace(WorkspaceName);
        var all = await workspace.SearchAsync(new SearchQuery { Vector = VectorOf(0, 0), K = present.Count + 100, Exact = true });
        all.Hits.Select(hit => (hit.ChunkId, hit.Text)).ShouldBe(
            present.Select(one => (one.Key, $"{one.Value}")), ignoreOrder: true, customMessage: $"by search {when}");
        await Parallel.ForEachAsync(present, new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (one, _) =>
        {
            var nearest = await workspace.SearchAsync(new SearchQuery { Vector = VectorOf(WriterOf(one.Key), one.Value), K = 1 });
            nearest.Hits.Select(hit => (hit.ChunkId, hit.Text)).ShouldBe([(one.Key, $"{one.Value}")], $"by its own vector {when}");
        });
    }

    private static async Task<bool> AnswersAsync(ChunksClient chunks)
    {
        try
        {
            await chunks.CountAsync();
            return true;
        }
        catch (RagException away) when (away.StatusCode == StatusCode.Unavailable)
        {
            return false;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.WaitAsync(StopLimit).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _writing.Dispose();
        _searching.Dispose();
    }

    private async Task WriteAsync(int writer)
    {
        var random = new Random(_seed + writer);
        var chunks = _writing.Workspace(WorkspaceName).Chunks;
        var generation = 0;
        for (var value = 1; !_stop.IsCancellationRequested; value++)
        {
            var key = $"w{writer}-g{generation}-{random.Next(KeysPerWriter)}";
            // A delete tells the metadata store first, so that a document's file is not taken for indexed any more.
            var isDelete = random.Next(4) == 0 && !_clock.IsMetadataAway;
            var isLooked = random.Next(LookEvery) == 0;
            var former = _model.Acknowledged(key);
            _model.Begin(key, isDelete ? ChunkModel.Absent : value);
            var began = Stopwatch.GetTimestamp();
            try
            {
                var token = isDelete ? await DeleteAsync(chunks, key) : await UpsertAsync(chunks, key, value);
                _model.Acknowledge(key);
                Acknowledged(began, isDelete);
                if (isLooked && !(isDelete && former == ChunkModel.Absent))
                    await LookAsync(key, isDelete ? former : value, isDelete, token);
            }
            catch (RagException failure)
            {
                Refused(failure, began, isDelete);
                generation++; // What was not answered may still come: the keys so far are left alone.
            }
        }
    }

    private static async Task<string> UpsertAsync(ChunksClient chunks, string key, int value)
    {
        var answer = await chunks.UpsertAsync([ChunkOf(key, value)]);
        return answer.Results.Single().Error is { } error
            ? throw new RagException((StatusCode)error.Code, error.Message)
            : answer.ConsistencyToken;
    }

    private static async Task<string> DeleteAsync(ChunksClient chunks, string key) =>
        (await chunks.DeleteAsync([new ChunkKey { ChunkId = key }])).ConsistencyToken;

    // Whichever replica answers: what has this token in its hand sees its own write.
    private async Task LookAsync(string key, int value, bool isDeleted, string token)
    {
        var began = Stopwatch.GetTimestamp();
        try
        {
            var answer = await _searching.Workspace(WorkspaceName).SearchAsync(
                new SearchQuery { Vector = VectorOf(WriterOf(key), value), K = 1, MinConsistencyToken = token });
            OwnReads.Succeed(began);
            var isThere = answer.Hits.Any(hit => hit.ChunkId == key && hit.Text == $"{value}");
            if (isThere == isDeleted)
                Fault($"{key}, value {value}, {(isDeleted ? "deleted and found" : "written and not found")} by its own writer");
        }
        catch (RagException failure)
        {
            // A replica that lacks the write waits for NATS like a write.
            OwnReads.Fail($"{failure.StatusCode} after {Stopwatch.GetElapsedTime(began).TotalSeconds:0.0} s: {failure.Message}",
                _clock.IsCalmForWrites(began));
        }
    }

    private void Acknowledged(long began, bool isDelete)
    {
        var took = Stopwatch.GetElapsedTime(began);
        if (_clock.IsThroughNats(began))
            Writes.WaitedThroughNats(took);
        // Callers have their deadlines: an answer that comes so late is none.
        if (took > FaultClock.WriteLimit)
            Writes.Fail($"acknowledged after {took.TotalSeconds:0.0} s", IsCalm(began, isDelete));
        else
            Writes.Succeed(began);
    }

    private void Refused(RagException failure, long began, bool isDelete)
    {
        var took = Stopwatch.GetElapsedTime(began);
        var how = $"{failure.StatusCode} after {took.TotalSeconds:0.0} s: {failure.Message}";
        Writes.Fail(how, IsCalm(began, isDelete));
        if (!_clock.IsThroughNats(began))
            return;
        Writes.WaitedThroughNats(took);
        if (failure.StatusCode is not (StatusCode.Unavailable or StatusCode.ResourceExhausted or StatusCode.DeadlineExceeded))
            Fault($"a write that waited for NATS was refused as {how}");
    }

    private bool IsCalm(long began, bool isDelete) => isDelete ? _clock.IsCalmForMetadata(began) : _clock.IsCalmForWrites(began);

    private async Task SearchAsync(int searcher)
    {
        var random = new Random(_seed + 100 + searcher);
        var workspace = _searching.Workspace(WorkspaceName);
        while (!_stop.IsCancellationRequested)
        {
            var began = Stopwatch.GetTimestamp();
            try
            {
                var answer = await workspace.SearchAsync(new SearchQuery { Vector = VectorOf(random.Next(Writers), random.Next(1000)), K = 10 });
                Searches.Succeed(began);
                // No phantom: whatever is found was written by somebody, in the form in which it is found.
                foreach (var hit in answer.Hits.Where(hit => !hit.ChunkId.StartsWith('w') || !int.TryParse(hit.Text, out _)))
                    Fault($"a search found {hit.ChunkId}: '{hit.Text}'");
            }
            catch (RagException failure)
            {
                Searches.Fail($"{failure.StatusCode} after {Stopwatch.GetElapsedTime(began).TotalSeconds:0.0} s: {failure.Message}",
                    _clock.IsCalmForReads(began));
            }
        }
    }

    private void Fault(string text)
    {
        lock (_faults)
            _faults.Add(text);
    }

    private static int WriterOf(string key) => key[1] - '0';

    private static Chunk ChunkOf(string key, int value) => new()
    {
        ChunkId = key, Text = value.ToString(), Vectors = { [""] = VectorValue.Of(VectorOf(WriterOf(key), value)) },
    };

    private static float[] VectorOf(int writer, int value)
    {
        var random = new Random(writer * 100_000 + value);
        return [.. Enumerable.Range(0, Dimension).Select(_ => random.NextSingle())];
    }
}
