using System.Diagnostics;
using System.Runtime.CompilerServices;
using Rag.Engine.Indexing;
using Rag.Engine.Rows;

namespace Rag.Cli.Bench.Churn;

/// <summary>
/// An index of vectors by id, written by the rules that the store keeps: what comes and what goes in a write is seen at
/// once, a row that went is unlinked after every search that may see it has ended, and its number is given out again
/// after every search that may stand on it has.
/// <code>
/// dead → (searches of then have ended) → unlinked → (again) → number is free
/// </code>
/// One writer, any number of searches.
/// </summary>
internal sealed class ChurnIndex : IDisposable
{
    // As many rows are unlinked with a write as it brought, and some more: as in the store.
    private const int MinReclaimed = 16;

    private readonly AnnMatrix<float> _vectors;
    private readonly VectorRows _rows;
    private readonly VectorIndex _index;
    private readonly EpochGuard _guard = new();
    private readonly Stack<int> _free = new();
    private readonly Queue<(long Epoch, int Row)> _dead = new();
    private readonly Queue<(long Epoch, int Row)> _unlinked = new();
    private readonly ulong[] _stamps;
    private readonly int[] _ids;
    private readonly int[] _rowOf;
    private uint _visible;
    private int _limit;

    public ChurnIndex(AnnMatrix<float> vectors, VectorIndexOptions options)
    {
        _vectors = vectors;
        _rows = new VectorRows(options.Dimension);
        _index = new VectorIndex(options, _rows);
        // Every vector comes once at most, so no more rows can ever be needed.
        _stamps = new ulong[vectors.Count];
        _ids = new int[vectors.Count];
        _rowOf = new int[vectors.Count];
    }

    public VectorIndex Index => _index;

    /// <summary>Bytes of codes, graph and full vectors.</summary>
    public long MemoryBytes => _index.MemoryBytes + _rows.MemoryBytes;

    /// <summary>Numbers of rows given out so far.</summary>
    public int RowLimit => _limit;

    /// <summary>How long the last write took to put its vectors in.</summary>
    public TimeSpan LastInsert { get; private set; }

    /// <summary>Vectors that came and went are seen together from the end of this call on.</summary>
    public void Write(ReadOnlySpan<int> removed, ReadOnlySpan<int> added, int threads)
    {
        var at = _visible + 1;
        Insert(added, at, threads);
        foreach (var id in removed)
            Volatile.Write(ref _stamps[_rowOf[id]], _stamps[_rowOf[id]] & ~0xFFFF_FFFFul | at);
        Volatile.Write(ref _visible, at);
        if (!removed.IsEmpty)
        {
            var epoch = _guard.Retire();
            foreach (var id in removed)
                _dead.Enqueue((epoch, _rowOf[id]));
        }

        Reclaim(MinReclaimed + 2 * added.Length);
    }

    /// <summary>Takes everything apart that no search sees any more; at most <paramref name="limit"/> rows.</summary>
    /// <returns>Whether something is left.</returns>
    public bool Reclaim(int limit = int.MaxValue)
    {
        var oldest = _guard.Oldest();
        while (_unlinked.TryPeek(out var unlinked) && unlinked.Epoch <= oldest)
            _free.Push(_unlinked.Dequeue().Row);
        var rows = new List<int>();
        while (limit-- > 0 && _dead.TryPeek(out var dead) && dead.Epoch <= oldest)
        {
            _dead.Dequeue();
            _index.Remove(dead.Row);
            rows.Add(dead.Row);
        }

        var epoch = rows.Count > 0 ? _guard.Retire() : 0;
        foreach (var row in rows)
            _unlinked.Enqueue((epoch, row));
        return _dead.Count > 0 || _unlinked.Count > 0;
    }

    /// <summary>Finds the nearest vectors; gives how many, and their ids with their exact scores.</summary>
    public int Search(ReadOnlySpan<float> query, SearchEffort effort, Span<ScoredRow> hits)
    {
        var slot = _guard.Enter();
        try
        {
            var at = Volatile.Read(ref _visible);
            var found = _index.Search(query, effort, new LiveRows(_stamps, at), -1, hits, out _);
            // Inside the epoch: a row that was found still has its id.
            for (var i = 0; i < found; i++)
                hits[i] = new ScoredRow(_ids[hits[i].Row], hits[i].Score);
            return found;
        }
        finally
        {
            _guard.Leave(slot);
        }
    }

    public void Dispose()
    {
        _index.Dispose();
        _rows.Dispose();
    }

    private void Insert(ReadOnlySpan<int> ids, uint at, int threads)
    {
        LastInsert = default;
        if (ids.IsEmpty)
            return;
        var rows = new int[ids.Length];
        var values = new float[ids.Length * _vectors.Columns];
        for (var i = 0; i < ids.Length; i++)
        {
            rows[i] = _free.TryPop(out var row) ? row : _limit++;
            (_ids[rows[i]], _rowOf[ids[i]]) = (ids[i], rows[i]);
            Volatile.Write(ref _stamps[rows[i]], (ulong)at << 32);
            _vectors[ids[i]].CopyTo(values.AsSpan(i * _vectors.Columns));
        }

        var began = Stopwatch.GetTimestamp();
        _index.AddRange(rows, values, threads);
        LastInsert = Stopwatch.GetElapsedTime(began);
    }

    /// <summary>Rows that were there at a number: born at or before it (upper half), not dead by then (lower half;
    /// 0: alive).</summary>
    private readonly struct LiveRows(ulong[] stamps, uint at) : IRowFilter
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public bool Accepts(int row)
        {
            var stamp = Volatile.Read(ref stamps[row]);
            return (uint)(stamp >> 32) is > 0 and var born && born <= at && ((uint)stamp == 0 || (uint)stamp > at);
        }

        public int Next(int row) => row;

        public ReadOnlySpan<ulong> Bits => default;
    }
}
