using System.Collections.Concurrent;
using System.Text;
using Rag.Engine.Mutations;

namespace Rag.Engine.Filters;

/// <summary>
/// The metadata of a slice's rows, by key and type, in memory. The same key may have several types, so nothing can be
/// rejected for what came before. One writer; readers inside the epoch.
/// </summary>
internal sealed class MetadataColumns
{
    // A column's place in its table, and its share of the table itself.
    private const long ColumnBytes = 300;

    // Each made with the first column of its kind: most of ten thousand small slices have one kind, or none.
    private ConcurrentDictionary<string, KeywordColumn> _keywords = None<KeywordColumn>.Columns;
    private ConcurrentDictionary<string, BooleanColumn> _booleans = None<BooleanColumn>.Columns;
    private ConcurrentDictionary<string, NumberColumn> _integers = None<NumberColumn>.Columns;
    private ConcurrentDictionary<string, NumberColumn> _floats = None<NumberColumn>.Columns;
    private ConcurrentDictionary<string, NumberColumn> _timestamps = None<NumberColumn>.Columns;
    private ConcurrentDictionary<string, NumberColumn> _locations = None<NumberColumn>.Columns;
    private int _settled;
    private int _reuses;

    /// <summary>Kinds whose values are numbers of 64 bits.</summary>
    public static IReadOnlyList<MetadataKind> NumberKinds { get; } =
        [MetadataKind.Integer, MetadataKind.Float, MetadataKind.Timestamp, MetadataKind.Location];

    /// <summary>
    /// Rows below it had their metadata set before it was read. Together with <see cref="Reuses"/> it tells what of a
    /// filter's result is still true: metadata of a row never changes, but a row's number may be used again.
    /// </summary>
    public int Settled => Volatile.Read(ref _settled);

    /// <summary>Times that metadata was set for a row that had been <see cref="Settled"/>.</summary>
    public int Reuses => Volatile.Read(ref _reuses);

    public long MemoryBytes
    {
        get
        {
            var bytes = 80L;
            foreach (var (key, column) in _keywords)
                bytes += column.MemoryBytes + ColumnBytes + key.Length * 2L;
            foreach (var (key, column) in _booleans)
                bytes += column.MemoryBytes + ColumnBytes + key.Length * 2L;
            foreach (var kind in NumberKinds)
            {
                foreach (var (key, column) in Numbers(kind))
                    bytes += column.MemoryBytes + ColumnBytes + key.Length * 2L;
            }

            return bytes;
        }
    }

    public KeywordColumn? FindKeywords(string key) => Volatile.Read(ref _keywords).GetValueOrDefault(key);

    public BooleanColumn? FindBooleans(string key) => Volatile.Read(ref _booleans).GetValueOrDefault(key);

    public NumberColumn? FindNumbers(string key, MetadataKind kind) =>
        Volatile.Read(ref Numbers(kind)).GetValueOrDefault(key);

    public IEnumerable<KeyValuePair<string, KeywordColumn>> KeywordColumns => _keywords;

    public IEnumerable<KeyValuePair<string, BooleanColumn>> BooleanColumns => _booleans;

    public IEnumerable<KeyValuePair<string, NumberColumn>> NumberColumns(MetadataKind kind) => Numbers(kind);

    public KeywordColumn GetKeywords(string key) => GetOrAdd(ref _keywords, key);

    public BooleanColumn GetBooleans(string key) => GetOrAdd(ref _booleans, key);

    public NumberColumn GetNumbers(string key, MetadataKind kind) => GetOrAdd(ref Numbers(kind), key);

    /// <summary>Sets a row's metadata from its encoded form (MetadataCodec); empty for none.</summary>
    public void Set(int row, ReadOnlySpan<byte> encoded)
    {
        if (!encoded.IsEmpty)
            SetAll(row, encoded);
        Settle(row);
    }

    /// <summary>Notes, after the fact, that all metadata of a row is set. Called before the row can be seen.</summary>
    public void Settle(int row)
    {
        if (row >= _settled)
            Volatile.Write(ref _settled, row + 1);
        else
            Volatile.Write(ref _reuses, _reuses + 1);
    }

    /// <summary>Gives a new row all values of another one.</summary>
    public void Copy(int from, int to)
    {
        foreach (var (_, column) in _keywords)
        {
            if (column.IsList(from))
                column.SetList(to, column[from].ToArray());
            else if (!column[from].IsEmpty)
                column.SetNumber(to, column[from][0]);
        }

        foreach (var (_, column) in _booleans)
        {
            if (column.Has(from, true))
                column.Set(to, true);
            if (column.Has(from, false))
                column.Set(to, false);
        }

        foreach (var kind in NumberKinds)
        {
            foreach (var (_, column) in Numbers(kind))
            {
                if (column.IsList(from))
                    column.SetList(to, column[from].ToArray());
                else if (!column[from].IsEmpty)
                    column.Set(to, column[from][0]);
            }
        }

        Settle(to);
    }

    /// <summary>Removes all values of a row that no reader sees.</summary>
    public void Erase(int row)
    {
        foreach (var (_, column) in _keywords)
            column.Erase(row);
        foreach (var (_, column) in _booleans)
            column.Erase(row);
        foreach (var kind in NumberKinds)
        {
            foreach (var (_, column) in Numbers(kind))
                column.Erase(row);
        }
    }

    private void SetAll(int row, ReadOnlySpan<byte> encoded)
    {
        var reader = new PayloadReader(encoded);
        for (var left = reader.Count(3); left > 0; left--)
        {
            var key = reader.Bytes();
            var (kind, isList) = MetadataCodec.ReadKind(ref reader);
            var count = isList ? reader.Count() : 1;
            switch (kind)
            {
                case MetadataKind.String:
                    SetStrings(GetOrAdd(ref _keywords, key), row, ref reader, isList, count);
                    break;
                case MetadataKind.Boolean:
                    var booleans = GetOrAdd(ref _booleans, key);
                    for (var i = 0; i < count; i++)
                        booleans.Set(row, MetadataCodec.ReadBits(ref reader, kind) != 0);
                    break;
                default:
                    SetNumbers(GetOrAdd(ref Numbers(kind), key), row, kind, ref reader, isList, count);
                    break;
            }
        }
    }

    private static void SetStrings(
        KeywordColumn column, int row, ref PayloadReader reader, bool isList, int count)
    {
        if (!isList)
        {
            column.Set(row, reader.Bytes());
            return;
        }

        var numbers = new int[count];
        for (var i = 0; i < count; i++)
            numbers[i] = column.Dictionary.GetOrAdd(reader.Bytes());
        column.SetList(row, numbers);
    }

    private static void SetNumbers(
        NumberColumn column, int row, MetadataKind kind, ref PayloadReader reader, bool isList, int count)
    {
        if (!isList)
        {
            column.Set(row, SortableBits.Of(kind, MetadataCodec.ReadBits(ref reader, kind)));
            return;
        }

        var values = new long[count];
        for (var i = 0; i < count; i++)
            values[i] = SortableBits.Of(kind, MetadataCodec.ReadBits(ref reader, kind));
        column.SetList(row, values);
    }

    private ref ConcurrentDictionary<string, NumberColumn> Numbers(MetadataKind kind)
    {
        switch (kind)
        {
            case MetadataKind.Integer:
                return ref _integers;
            case MetadataKind.Float:
                return ref _floats;
            case MetadataKind.Timestamp:
                return ref _timestamps;
            case MetadataKind.Location:
                return ref _locations;
            default:
                throw new ArgumentOutOfRangeException(nameof(kind), kind, "Not a kind of number.");
        }
    }

    private static TColumn GetOrAdd<TColumn>(ref ConcurrentDictionary<string, TColumn> columns, ReadOnlySpan<byte> key)
        where TColumn : new()
    {
        Span<char> text = stackalloc char[Math.Min(key.Length, StoreLimits.MaxMetadataKeyBytes)];
        if (key.Length > StoreLimits.MaxMetadataKeyBytes)
            throw PayloadReader.Malformed("a metadata key is too long");
        text = text[..Encoding.UTF8.GetChars(key, text)];
        return columns.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(text, out var column)
            ? column
            : GetOrAdd(ref columns, text.ToString());
    }

    // Writer only; readers see the table with its first column at the latest when they may see its rows.
    private static TColumn GetOrAdd<TColumn>(ref ConcurrentDictionary<string, TColumn> columns, string key)
        where TColumn : new()
    {
        if (columns == None<TColumn>.Columns)
            Volatile.Write(ref columns, New<TColumn>());
        return columns.GetOrAdd(key, static _ => new TColumn());
    }

    private static ConcurrentDictionary<string, TColumn> New<TColumn>() =>
        new(concurrencyLevel: 1, capacity: 2, StringComparer.Ordinal);

    /// <summary>No columns; never written to.</summary>
    private static class None<TColumn>
    {
        public static readonly ConcurrentDictionary<string, TColumn> Columns = New<TColumn>();
    }
}
