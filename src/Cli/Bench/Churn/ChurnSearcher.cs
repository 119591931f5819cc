using System.Diagnostics;
using Rag.Engine.Indexing;

namespace Rag.Cli.Bench.Churn;

/// <summary>
/// A thread that searches as long as the churn goes on, times each search, and checks each hit: it must not be of a
/// vector whose delete was acknowledged before the search began, and must have that vector's own score.
/// </summary>
internal sealed class ChurnSearcher
{
    private readonly ChurnIndex _index;
    private readonly ChurnLedger _ledger;
    private readonly AnnMatrix<float> _vectors;
    private readonly AnnMatrix<float> _queries;
    private readonly Metric _metric;
    private readonly Thread _thread;
    private int _next;
    private volatile bool _stopping;
    private Exception? _failure;

    public ChurnSearcher(ChurnIndex index, ChurnLedger ledger, AnnMatrix<float> vectors, AnnMatrix<float> queries,
        Metric metric, int first)
    {
        (_index, _ledger, _vectors, _queries, _metric, _next) = (index, ledger, vectors, queries, metric, first);
        _thread = new Thread(RunSafely) { IsBackground = true, Name = "bench searcher" };
        _thread.Start();
    }

    public LatencyHistogram Latencies { get; } = new();

    /// <summary>The longest search in processor time.</summary>
    public TimeSpan LongestCpu { get; private set; }

    /// <summary>Hits of vectors that were deleted before their search began.</summary>
    public long DeletedReturned { get; private set; }

    /// <summary>Hits whose score is not their vector's.</summary>
    public long WrongScores { get; private set; }

    /// <summary>Ends the thread; figures may be read afterwards.</summary>
    public void Stop()
    {
        _stopping = true;
        _thread.Join();
        if (_failure is not null)
            throw new InvalidOperationException($"A search failed: {_failure.Message}", _failure);
    }

    private void RunSafely()
    {
        try
        {
            var hits = new ScoredRow[ChurnBenchmark.K];
            while (!_stopping)
                SearchOnce(hits);
        }
        catch (Exception exception)
        {
            _failure = exception;
        }
    }

    private void SearchOnce(ScoredRow[] hits)
    {
        var query = _queries[_next++ % _queries.Count];
        var moment = _ledger.Acknowledged;
        var cpu = ThreadClock.Now;
        var began = Stopwatch.GetTimestamp();
        var found = _index.Search(query, default, hits);
        Latencies.Add(Stopwatch.GetElapsedTime(began));
        cpu = ThreadClock.Now - cpu;
        if (cpu > LongestCpu)
            LongestCpu = cpu;
        foreach (var hit in hits.AsSpan(0, found))
        {
            if (_ledger.WasDeletedBefore(hit.Row, moment))
                DeletedReturned++;
            var expected = ExactTruth.Score(_metric, query, _vectors[hit.Row]);
            if (Math.Abs(hit.Score - expected) > 1e-3 * Math.Max(1, Math.Abs(expected)))
                WrongScores++;
        }
    }
}
