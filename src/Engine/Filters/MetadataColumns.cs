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
    private readonly ConcurrentDictionary<string, KeywordColumn> _keywords = New<KeywordColumn>();
    private readonly ConcurrentDictionary<string, BooleanColumn> _booleans = New<BooleanColumn>();
    private readonly ConcurrentDictionary<string, NumberColumn>[] _numbers =
        [New<NumberColumn>(), New<NumberColumn>(), New<NumberColumn>(), New<NumberColumn>()];
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
            var bytes = 1500L;
            foreach (var (key, column) in _keywords)
                bytes += column.MemoryBytes + 100 + key.Length * 2L;
            foreach (var (key, column) in _booleans)
                bytes += column.MemoryBytes + 100 + key.Length * 2L;
            foreach (var columns in _numbers)
            {
                foreach (var (key, column) in columns)
                    bytes += column.MemoryBytes + 100 + key.Length * 2L;
            }

            return bytes;
        }
    }

    public KeywordColumn? FindKeywords(string key) => _keywords.GetValueOrDefault(key);

    public BooleanColumn? FindBooleans(string key) => _booleans.GetValueOrDefault(key);

    public NumberColumn? FindNumbers(string key, MetadataKind kind) => Numbers(kind).GetValueOrDefault(key);

    public IEnumerable<KeyValuePair<string, KeywordColumn>> KeywordColumns => _keywords;

    public IEnumerable<KeyValuePair<string, BooleanColumn>> BooleanColumns => _booleans;

    public IEnumerable<KeyValuePair<string, NumberColumn>> NumberColumns(MetadataKind kind) => Numbers(kind);

    public KeywordColumn GetKeywords(string key) => GetOrAdd(_keywords, key);

    public BooleanColumn GetBooleans(string key) => GetOrAdd(_booleans, key);

    public NumberColumn GetNumbers(string key, MetadataKind kind) => GetOrAdd(Numbers(kind), key);

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

        foreach (var columns in _numbers)
        {
            foreach (var (_, column) in columns)
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
        foreach (var columns in _numbers)
        {
            foreach (var (_, column) in columns)
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
                    SetStrings(GetOrAdd(_keywords, key), row, ref reader, isList, count);
                    break;
                case MetadataKind.Boolean:
                    var booleans = GetOrAdd(_booleans, key);
                    for (var i = 0; i < count; i++)
                        booleans.Set(row, MetadataCodec.ReadBits(ref reader, kind) != 0);
                    break;
                default:
                    SetNumbers(GetOrAdd(Numbers(kind), key), row, kind, ref reader, isList, count);
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

    private ConcurrentDictionary<string, NumberColumn> Numbers(MetadataKind kind) => kind switch
    {
        MetadataKind.Integer => _numbers[0],
        MetadataKind.Float => _numbers[1],
        MetadataKind.Timestamp => _numbers[2],
        MetadataKind.Location => _numbers[3],
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "Not a kind of number."),
    };

    private static TColumn GetOrAdd<TColumn>(ConcurrentDictionary<string, TColumn> columns, ReadOnlySpan<byte> key)
        where TColumn : new()
    {
        Span<char> text = stackalloc char[Math.Min(key.Length, StoreLimits.MaxMetadataKeyBytes)];
        if (key.Length > StoreLimits.MaxMetadataKeyBytes)
            throw PayloadReader.Malformed("a metadata key is too long");
        text = text[..Encoding.UTF8.GetChars(key, text)];
        return columns.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(text, out var column)
            ? column
            : GetOrAdd(columns, text.ToString());
    }

    private static TColumn GetOrAdd<TColumn>(ConcurrentDictionary<string, TColumn> columns, string key)
        where TColumn : new() => columns.GetOrAdd(key, static _ => new TColumn());

    private static ConcurrentDictionary<string, TColumn> New<TColumn>() =>
        new(concurrencyLevel: 1, capacity: 4, StringComparer.Ordinal);
}
