using System.Diagnostics;
using Rag.Cli.Bench.Ann;
using Rag.Engine.Indexing;

namespace Rag.Cli.Bench.Churn;

/// <summary>The churn itself, timed: one writer, searchers beside it.</summary>
internal sealed class ChurnRun(
    ChurnOptions options, ChurnIndex index, AnnMatrix<float> vectors, AnnMatrix<float> queries, int half)
{
    private readonly WriteTimes _single = new();
    private readonly WriteTimes _batched = new();
    private readonly ChurnLedger _ledger = new(vectors.Count);
    private ChurnSearcher[] _searchers = [];
    private StallWatch _watch = null!;
    private TimeSpan _elapsed;
    private TimeSpan _collecting;
    private int _collections;

    public void Go(CancellationToken cancellation)
    {
        var random = new Random(options.Seed);
        var leaving = Enumerable.Range(0, half).ToArray();
        var coming = Enumerable.Range(half, half).ToArray();
        random.Shuffle(leaving);
        random.Shuffle(coming);
        // The files that the bench has read are young for the collector, which would copy them in the middle of it all.
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Forced, blocking: true, compacting: true);
        _watch = new StallWatch();
        _searchers = [.. Enumerable.Range(0, options.Searchers).Select(i => new ChurnSearcher(
            index, _ledger, vectors, queries, options.Metric, first: i * queries.Count / options.Searchers))];
        var began = Stopwatch.GetTimestamp();
        try
        {
            for (var round = 0; round < options.Rounds; round++)
            {
                var (from, to) = (Part(round), Part(round + 1));
                Replace(leaving.AsSpan(from..to), coming.AsSpan(from..to), round % 2 == 0, cancellation);
            }
        }
        finally
        {
            _elapsed = Stopwatch.GetElapsedTime(began);
            (_collecting, _collections) = (_watch.Collecting, _watch.Collections);
            _watch.Dispose();
            foreach (var searcher in _searchers)
                searcher.Stop();
        }

        while (index.Reclaim())
        {
            // Nobody searches any more: two steps are enough.
        }
    }

    public ChurnReport Report(IReadOnlyList<ChurnRecall> recalls, double buildPerSecond, long freshMemoryBytes)
    {
        var latencies = new LatencyHistogram();
        foreach (var searcher in _searchers)
            latencies.Add(searcher.Latencies);
        return new ChurnReport
        {
            Cpu = BenchMachine.Describe(),
            Live = half,
            Replaced = half,
            Dim = vectors.Columns,
            Metric = MetricName.Of(options.Metric),
            Codec = options.Codec.ToString().ToLowerInvariant(),
            Rounds = options.Rounds,
            Batch = options.Batch,
            BuildPerSecond = Math.Round(buildPerSecond),
            SingleInsertsPerSecond = Math.Round(_single.InsertsPerSecond ?? 0),
            BatchInsertsPerSecond = _batched.InsertsPerSecond is { } rate ? Math.Round(rate) : null,
            ReplacedPerSecond = Math.Round(half / _elapsed.TotalSeconds),
            Searches = LatencySummary.Of(latencies, _searchers.Max(searcher => searcher.LongestCpu)),
            SingleWrites = LatencySummary.Of(_single.Pauses, _single.LongestCpu),
            BatchWrites = LatencySummary.Of(_batched.Pauses, _batched.LongestCpu),
            IdleThread = LatencySummary.Of(_watch.Lateness),
            Collections = _collections,
            CollectingMs = Math.Round(_collecting.TotalMilliseconds, 2),
            LongestCollectionMs = Math.Round(_watch.LongestCollection.TotalMilliseconds, 2),
            DeletedReturned = _searchers.Sum(searcher => searcher.DeletedReturned),
            WrongScores = _searchers.Sum(searcher => searcher.WrongScores),
            Recalls = recalls,
            MemoryBytes = index.MemoryBytes,
            FreshMemoryBytes = freshMemoryBytes,
        };
    }

    private int Part(int round) => (int)((long)half * round / options.Rounds);

    private void Replace(ReadOnlySpan<int> leaving, ReadOnlySpan<int> coming, bool singly, CancellationToken cancellation)
    {
        var size = singly ? 1 : options.Batch;
        var times = singly ? _single : _batched;
        for (var start = 0; start < leaving.Length; start += size)
        {
            cancellation.ThrowIfCancellationRequested();
            var count = Math.Min(size, leaving.Length - start);
            var removed = leaving.Slice(start, count);
            var cpu = ThreadClock.Now;
            var began = Stopwatch.GetTimestamp();
            index.Write(removed, coming.Slice(start, count), threads: 1);
            times.Note(Stopwatch.GetElapsedTime(began), ThreadClock.Now - cpu, index.LastInsert, count);
            // The caller has been told: from now on no search may return them.
            foreach (var id in removed)
                _ledger.NoteDeleted(id);
        }
    }

    private sealed class WriteTimes
    {
        private TimeSpan _inserting;
        private long _inserted;

        public LatencyHistogram Pauses { get; } = new();

        public TimeSpan LongestCpu { get; private set; }

        public double? InsertsPerSecond => _inserted > 0 ? _inserted / _inserting.TotalSeconds : null;

        public void Note(TimeSpan elapsed, TimeSpan cpu, TimeSpan inserting, int count)
        {
            Pauses.Add(elapsed);
            if (cpu > LongestCpu)
                LongestCpu = cpu;
            _inserting += inserting;
            _inserted += count;
        }
    }
}
