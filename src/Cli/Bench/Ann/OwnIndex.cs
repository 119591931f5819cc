using System.Diagnostics;
using Rag.Cli.Composition;
using Rag.Engine.Indexing;
using Rag.Engine.Rows;
using Rag.Engine.Slices;

namespace Rag.Cli.Bench.Ann;

/// <summary>
/// Our index, as a server has it after a checkpoint: codes and graph in memory, full vectors in a mapped file whose
/// pages are warm.
/// </summary>
internal sealed class OwnIndex : IAnnEngine
{
    public const string EngineName = "rag";

    private const int BatchRows = 4096;

    private readonly AnnMatrix<float> _queries;
    private readonly int _k;
    private readonly VectorRows _rows;
    private readonly VectorIndex _index;
    private readonly TemporaryDataFolder _folder = new();
    private AnnMatrix<float>? _vectors;
    private long _rowFileBytes;

    public OwnIndex(AnnMatrix<float> vectors, AnnMatrix<float> queries, int k, VectorIndexOptions options)
    {
        (_vectors, _queries, _k) = (vectors, queries, k);
        _rows = new VectorRows(options.Dimension);
        _index = new VectorIndex(options, _rows);
    }

    public string Name => EngineName;

    public VectorIndex Index => _index;

    /// <summary>A vector in full precision.</summary>
    public ReadOnlySpan<float> Vector(int row) => _rows[row];

    /// <summary>Bytes in memory of codes and graph.</summary>
    public long MemoryBytes => _index.MemoryBytes + _rows.MemoryBytes;

    /// <summary>Bytes of codes, graph and full vectors on disk.</summary>
    public long DiskBytes
    {
        get
        {
            using var counter = new CountingStream();
            _index.Save(counter, _index.Count);
            return counter.Length + _rowFileBytes;
        }
    }

    public Task<double> BuildAsync(int threads, CancellationToken cancellationToken) => Task.Run(() =>
    {
        var vectors = _vectors ?? throw new InvalidOperationException("It is built already.");
        var watch = Stopwatch.StartNew();
        Insert(vectors, threads, cancellationToken);
        var seconds = watch.Elapsed.TotalSeconds;
        _vectors = null;
        _rowFileBytes = VectorRowFile.MoveTo(Path.Combine(_folder.Data.Path, "rows"), _rows, vectors.Count);
        Touch(vectors.Count);
        return seconds;
    }, cancellationToken);

    public Task<int[]> SearchAsync(int effort, int threads, CancellationToken cancellationToken) => Task.Run(() =>
    {
        var found = new int[_queries.Count * _k];
        var next = -1;
        ThreadAffinity.RunPinned(threads, () =>
        {
            var hits = new ScoredRow[_k];
            for (var i = Interlocked.Increment(ref next); i < _queries.Count; i = Interlocked.Increment(ref next))
            {
                cancellationToken.ThrowIfCancellationRequested();
                var count = Search(i, effort, hits);
                for (var j = 0; j < _k; j++)
                    found[i * _k + j] = j < count ? hits[j].Row : -1;
            }
        });
        return found;
    }, cancellationToken);

    public Task<AnnPass> TimeAsync(
        int effort, int threads, TimeSpan atLeast, CancellationToken cancellationToken) => Task.Run(() =>
    {
        var (next, limit, done) = (-1L, long.MaxValue, 0L);
        var watch = Stopwatch.StartNew();
        ThreadAffinity.RunPinned(threads, () =>
        {
            var hits = new ScoredRow[_k];
            var mine = 0L;
            for (var i = Interlocked.Increment(ref next); i < Volatile.Read(ref limit); i = Interlocked.Increment(ref next))
            {
                cancellationToken.ThrowIfCancellationRequested();
                var query = (int)(i % _queries.Count);
                if (query == 0 && i > 0 && watch.Elapsed >= atLeast)
                {
                    Volatile.Write(ref limit, i);
                    break;
                }

                Search(query, effort, hits);
                mine++;
            }

            Interlocked.Add(ref done, mine);
        });
        return new AnnPass(done, watch.Elapsed.TotalSeconds);
    }, cancellationToken);

    public ValueTask DisposeAsync()
    {
        _index.Dispose();
        _rows.Dispose();
        _folder.Dispose();
        return ValueTask.CompletedTask;
    }

    private int Search(int query, int effort, ScoredRow[] hits) =>
        _index.Search(_queries[query], new SearchEffort(effort), default(AllRows), -1, hits, out _);

    private void Insert(AnnMatrix<float> vectors, int threads, CancellationToken cancellationToken)
    {
        var ids = new int[BatchRows];
        var batch = new float[BatchRows * vectors.Columns];
        for (var start = 0; start < vectors.Count; start += BatchRows)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var count = Math.Min(BatchRows, vectors.Count - start);
            for (var i = 0; i < count; i++)
            {
                ids[i] = start + i;
                vectors[start + i].CopyTo(batch.AsSpan(i * vectors.Columns));
            }

            _index.AddRange(ids.AsSpan(0, count), batch.AsSpan(0, count * vectors.Columns), threads);
        }
    }

    // A row touched once is in the page cache, in the process's page table, and verified.
    private void Touch(int count)
    {
        var sum = 0f;
        for (var row = 0; row < count; row++)
            sum += _rows[row][0];
        GC.KeepAlive(sum);
    }
}
