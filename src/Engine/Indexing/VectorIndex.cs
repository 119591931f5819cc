using System.Numerics.Tensors;
using Rag.Engine.Rows;

namespace Rag.Engine.Indexing;

/// <summary>
/// The vectors of one space of one slice, searchable. One writer (Add, AddRange, Remove and the start of Save are never
/// concurrent with each other), any number of readers without locks.
/// </summary>
public sealed class VectorIndex : IDisposable
{
    private readonly VectorIndexOptions _options;
    private ulong[] _present = [];
    private int _limit;
    private int _count;

    /// <summary>An empty index over <paramref name="rows"/>, which it does not own.</summary>
    public VectorIndex(VectorIndexOptions options, VectorRows rows)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(rows);
        options.Validate();
        if (rows.Dimension != options.Dimension)
            throw new ArgumentException($"The rows have {rows.Dimension} components, the index {options.Dimension}.");
        _options = options;
        Rows = rows;
    }

    /// <summary>Rows in the index.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>Bytes in memory, without <see cref="Rows"/>.</summary>
    public long MemoryBytes => 200 + _present.Length * 8L;

    /// <summary>Whether searches walk a graph; before that they scan.</summary>
    public bool IsGraph => false;

    /// <summary>The vectors in full precision.</summary>
    public VectorRows Rows { get; }

    /// <summary>Adds a row and stores its vector in <see cref="Rows"/>. The row must not be in the index.</summary>
    public void Add(int row, ReadOnlySpan<float> vector)
    {
        Rows.Set(row, vector);
        var present = _present;
        if (row >> 6 >= present.Length)
        {
            Array.Resize(ref present, Math.Max((row >> 6) + 1, present.Length + present.Length / 2));
            Volatile.Write(ref _present, present);
        }

        Volatile.Write(ref present[row >> 6], present[row >> 6] | 1UL << row);
        Volatile.Write(ref _limit, Math.Max(_limit, row + 1));
        Volatile.Write(ref _count, _count + 1);
    }

    /// <summary>Adds many rows; <paramref name="vectors"/> holds them one after the other.</summary>
    public void AddRange(ReadOnlySpan<int> rows, ReadOnlySpan<float> vectors, int threads)
    {
        var dimension = _options.Dimension;
        if (vectors.Length != (long)rows.Length * dimension)
            throw new ArgumentException($"{vectors.Length} components are not {rows.Length} vectors of {dimension}.");
        for (var i = 0; i < rows.Length; i++)
            Add(rows[i], vectors.Slice(i * dimension, dimension));
    }

    /// <summary>Takes a row out. No reader that could see it may be inside. Does nothing if it is not there.</summary>
    public void Remove(int row)
    {
        if (!IsPresent(row))
            return;
        Volatile.Write(ref _present[row >> 6], _present[row >> 6] & ~(1UL << row));
        Volatile.Write(ref _count, _count - 1);
        Rows.Clear(row);
    }

    /// <summary>
    /// Finds the best rows, best first, with exact scores; at most <paramref name="hits"/>.Length, ties in any order.
    /// Does not allocate.
    /// </summary>
    /// <param name="query">One vector of the index's dimension.</param>
    /// <param name="effort">How hard to try.</param>
    /// <param name="filter">Which rows may be returned.</param>
    /// <param name="acceptedEstimate">How many rows the filter accepts, or −1 if that is not known.</param>
    /// <param name="hits">Receives the rows.</param>
    /// <param name="counters">What the search did.</param>
    /// <returns>How many were found: all that were asked for whenever so many are accepted.</returns>
    public int Search<TFilter>(ReadOnlySpan<float> query, SearchEffort effort, TFilter filter, int acceptedEstimate,
        Span<ScoredRow> hits, out SearchCounters counters)
        where TFilter : struct, IRowFilter
    {
        var (found, scored) = (0, 0);
        for (var row = 0; row < Volatile.Read(ref _limit); row++)
        {
            if (!IsPresent(row) || !filter.Accepts(row))
                continue;
            var score = Score(query, row);
            scored++;
            if (found == hits.Length && (found == 0 || score <= hits[found - 1].Score))
                continue;
            var at = found < hits.Length ? found++ : found - 1;
            for (; at > 0 && hits[at - 1].Score < score; at--)
                hits[at] = hits[at - 1];
            hits[at] = new ScoredRow(row, score);
        }

        counters = new SearchCounters(0, 0, scored, 0);
        return found;
    }

    /// <summary>The exact score of one row.</summary>
    public float Score(ReadOnlySpan<float> query, int row)
    {
        var vector = Rows[row];
        switch (_options.Metric)
        {
            case Metric.InnerProduct:
                return TensorPrimitives.Dot(query, vector);
            case Metric.L2:
                var distance = TensorPrimitives.Distance(query, vector);
                return -distance * distance;
            default:
                var norms = TensorPrimitives.Norm(query) * TensorPrimitives.Norm(vector);
                return norms > 0 ? TensorPrimitives.Dot(query, vector) / norms : 0;
        }
    }

    /// <summary>
    /// Writes the index without full vectors: rows below <paramref name="rowLimit"/>. Safe while the writer goes on.
    /// </summary>
    public void Save(Stream stream, int rowLimit)
    {
        using var writer = new BinaryWriter(stream, System.Text.Encoding.UTF8, leaveOpen: true);
        writer.Write(rowLimit);
        for (var row = 0; row < rowLimit; row++)
            writer.Write(IsPresent(row));
    }

    /// <summary>Reads what <see cref="Save"/> wrote.</summary>
    /// <exception cref="InvalidDataException">The content is damaged or does not fit the options.</exception>
    public static VectorIndex Load(Stream stream, VectorIndexOptions options, VectorRows rows, IRowPresence present)
    {
        var index = new VectorIndex(options, rows);
        using var reader = new BinaryReader(stream, System.Text.Encoding.UTF8, leaveOpen: true);
        var limit = reader.ReadInt32();
        for (var row = 0; row < limit; row++)
        {
            if (!reader.ReadBoolean() || !present.IsPresent(row))
                continue;
            if (row >> 6 >= index._present.Length)
                Array.Resize(ref index._present, (limit >> 6) + 1);
            index._present[row >> 6] |= 1UL << row;
            index._count++;
            index._limit = row + 1;
        }

        return index;
    }

    /// <summary>Frees the index's memory, not <see cref="Rows"/>. No reader may be inside.</summary>
    public void Dispose()
    {
    }

    private bool IsPresent(int row)
    {
        var present = Volatile.Read(ref _present);
        return row >> 6 < present.Length && (Volatile.Read(ref present[row >> 6]) >> row & 1) != 0;
    }
}
