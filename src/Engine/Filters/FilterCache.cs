using Rag.Engine.Mutations;

namespace Rag.Engine.Filters;

/// <summary>
/// The rows that the last few filters of a slice accepted, because the same filters come again and again and evaluating
/// one takes as long as a search. Nothing is missed beside a writer: metadata of a row never changes, so a result holds
/// for all rows that were settled when it was begun, until the number of one of them is used again
/// (<see cref="MetadataColumns.Reuses"/>); rows that were settled since are evaluated when it is used. Thread-safe,
/// lock-free: of two that write a slot one wins.
/// </summary>
internal sealed class FilterCache
{
    private const int Slots = 8;

    /// <summary>Rows up to which a filter is evaluated in less time than it takes to look it up and to keep it.</summary>
    private const int MinRows = 4096;

    private readonly Entry?[] _entries = new Entry?[Slots];
    private int _next;

    public long MemoryBytes
    {
        get
        {
            var bytes = 100L;
            foreach (var entry in _entries)
                bytes += entry is null ? 0 : 100 + entry.Key.Length + entry.Words.Length * 8L;
            return bytes;
        }
    }

    /// <summary>
    /// The rows below <paramref name="rowLimit"/> that meet the filter, as far as they are seen by a search that has read
    /// its apply number before; to be disposed, not to be changed.
    /// </summary>
    public RowBitmap Get(FilterExpression filter, in FilterSource source, int rowLimit)
    {
        // Words of texts become known later than metadata.
        if (rowLimit < MinRows || FilterValidator.HasTextMatch(filter))
            return FilterEvaluator.Evaluate(filter, source, rowLimit);
        using var key = new PayloadWriter();
        FilterCodec.Write(key, filter);
        // Before anything is evaluated: what comes meanwhile makes the result older, not wrong.
        var reuses = source.Columns.Reuses;
        var rows = Math.Min(rowLimit, source.Columns.Settled);
        var slot = Find(key.WrittenSpan);
        if (slot >= 0 && _entries[slot] is { } known && known.Reuses == reuses && known.Key.AsSpan().SequenceEqual(key.WrittenSpan))
        {
            if (known.Rows < rows)
                _entries[slot] = known = Extend(known, filter, source, rows);
            return RowBitmap.Over(known.Words, known.Rows);
        }

        using var all = FilterEvaluator.Evaluate(filter, source, rows);
        var entry = new Entry(key.WrittenSpan.ToArray(), all.Words.ToArray(), rows, reuses);
        _entries[slot >= 0 ? slot : (int)((uint)Interlocked.Increment(ref _next) % Slots)] = entry;
        return RowBitmap.Over(entry.Words, rows);
    }

    private int Find(ReadOnlySpan<byte> key)
    {
        for (var slot = 0; slot < Slots; slot++)
        {
            if (_entries[slot] is { } entry && entry.Key.AsSpan().SequenceEqual(key))
                return slot;
        }

        return -1;
    }

    private static Entry Extend(Entry known, FilterExpression filter, in FilterSource source, int rows)
    {
        var first = known.Rows >> 6;
        using var since = FilterEvaluator.Evaluate(filter, source, rows, first);
        var words = since.Words.ToArray();
        known.Words.AsSpan(0, first).CopyTo(words);
        return new Entry(known.Key, words, rows, known.Reuses);
    }

    /// <summary>A filter's result; never changed.</summary>
    private sealed record Entry(byte[] Key, ulong[] Words, int Rows, int Reuses);
}
