using Rag.Engine.Indexing;
using Rag.Engine.Mutations;
using Rag.Engine.MultiVectors;
using Rag.Engine.Storage;

namespace Rag.Engine.Slices;

/// <summary>Makes answers of rows: keys, versions, content from the chunk log, vectors. Inside the epoch.</summary>
internal sealed class ChunkReader(ChunkContents contents)
{
    private const ReturnFields ContentFields =
        ReturnFields.Text | ReturnFields.Metadata | ReturnFields.Attributes | ReturnFields.SparseVector
        | ReturnFields.MultiVector;

    // A record has at most a quarter of a MiB, and nothing here awaits.
    [ThreadStatic]
    private static PayloadWriter? t_buffer;

    [ThreadStatic]
    private static ChunkReadAhead? t_ahead;

    /// <summary>Reads the contents of rows that this thread will read until the result is disposed, neighbours together.</summary>
    public ReadAheadScope Expect(RowColumns columns, ReadOnlySpan<ScoredRow> rows, ReturnFields fields) =>
        Expect(contents, columns, rows, fields);

    public SearchHit ReadHit(Slice slice, RowColumns columns, ScoredRow hit, ReturnFields fields)
    {
        var content = ReadContent(slice, columns, hit.Row, fields);
        return new SearchHit
        {
            Key = slice.Keys.Read(columns.Keys[hit.Row]).ToKey(),
            Score = hit.Score,
            Version = PackedStamp.Unpack(columns.Versions[hit.Row]),
            Text = content.Text,
            Metadata = content.Metadata,
            Attributes = content.Attributes,
            MultiVector = content.MultiVector,
            Sparse = content.Sparse,
            Vectors = (fields & ReturnFields.Vectors) != 0 ? ReadVectors(slice, hit.Row) : null,
        };
    }

    public StoredChunk ReadChunk(Slice slice, RowColumns columns, int row, ReturnFields fields)
    {
        var content = ReadContent(slice, columns, row, fields);
        return new StoredChunk
        {
            Key = slice.Keys.Read(columns.Keys[row]).ToKey(),
            Version = PackedStamp.Unpack(columns.Versions[row]),
            Text = content.Text,
            Metadata = content.Metadata,
            Attributes = content.Attributes,
            MultiVector = content.MultiVector,
            Sparse = content.Sparse,
            Vectors = (fields & ReturnFields.Vectors) != 0 ? ReadVectors(slice, row) : null,
        };
    }

    /// <summary>Late interaction of a query with the chunk's multi-vector; null if it has none of that
    /// dimension.</summary>
    public float? ReadMaxSim(Slice slice, RowColumns columns, int row, EncodedMultiVector query)
    {
        var parts = ReadParts(contents, slice, columns, row);
        if (parts.MultiVector.IsEmpty)
            return null;
        var passage = MultiVectorCodec.Read(new PayloadReader(parts.MultiVector).Bytes());
        return passage.Dimension == query.Dimension ? MaxSim.Score(query, passage) : null;
    }

    /// <summary>The parts of a row's content; they lie in this thread's buffer until its next read.</summary>
    public static ContentParts ReadParts(ChunkContents contents, Slice slice, RowColumns columns, int row)
    {
        var buffer = t_buffer ??= new PayloadWriter(4096);
        buffer.TruncateTo(0);
        // The cleaner moves content; the old place stays readable until everyone inside the epoch has left.
        contents.Read(slice.Id, Volatile.Read(ref columns.Contents[row]), buffer, t_ahead);
        return ContentCodec.Split(buffer.WrittenSpan);
    }

    /// <summary>Reads the contents of rows that this thread will read until the result is disposed, neighbours together.</summary>
    public static ReadAheadScope Expect(
        ChunkContents contents, RowColumns columns, ReadOnlySpan<ScoredRow> rows, ReturnFields fields)
    {
        if ((fields & ContentFields) == 0)
            return default;
        var ahead = t_ahead ??= new ChunkReadAhead();
        // A search that failed before its scope began may have left something of another log.
        ahead.Clear();
        foreach (var row in rows)
            contents.Expect(Volatile.Read(ref columns.Contents[row.Row]), ahead);
        contents.Log.ReadAhead(ahead);
        return new ReadAheadScope(ahead);
    }

    private Content ReadContent(Slice slice, RowColumns columns, int row, ReturnFields fields)
    {
        if ((fields & ContentFields) == 0)
            return default;
        var parts = ReadParts(contents, slice, columns, row);
        return new Content(
            (fields & ReturnFields.Text) != 0 ? ContentCodec.ReadText(parts.Text) : null,
            (fields & ReturnFields.Metadata) != 0 ? ContentCodec.ReadMetadata(parts.Metadata) : null,
            (fields & ReturnFields.Attributes) != 0
                ? new ReadOnlyMemory<byte>(ContentCodec.ReadAttributes(parts.Attributes))
                : null,
            (fields & ReturnFields.MultiVector) != 0 ? ContentCodec.ReadMultiVector(parts.MultiVector) : null,
            (fields & ReturnFields.SparseVector) != 0 ? SparseVectorCodec.Read(parts.Sparse) : null);
    }

    private static List<SpaceVector> ReadVectors(Slice slice, int row)
    {
        var vectors = new List<SpaceVector>(slice.Spaces.Length);
        foreach (var space in slice.Spaces)
        {
            if (space.Has(row))
                vectors.Add(
                    new SpaceVector(space.Settings.Name, space.Index.Rows[row].ToArray(), space.EncoderOf(row)));
        }

        return vectors;
    }

    /// <summary>As long as what was read ahead is used.</summary>
    public readonly ref struct ReadAheadScope(ChunkReadAhead? ahead)
    {
        public void Dispose() => ahead?.Clear();
    }

    private readonly record struct Content(
        string? Text, IReadOnlyDictionary<string, MetadataValue>? Metadata, ReadOnlyMemory<byte>? Attributes,
        MultiVector? MultiVector, SparseVector? Sparse);
}
