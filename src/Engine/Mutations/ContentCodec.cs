using System.Text;
using Rag.Engine.MultiVectors;

namespace Rag.Engine.Mutations;

/// <summary>
/// A chunk's content, as it stands in mutations and, verbatim, in the chunk log.
/// <code>
/// flags (1 text, 2 metadata, 8 attributes, 16 sparse vector, 32 multi-vector: as ChunkFields), then those that are there:
/// text (length + UTF-8), attributes (length + bytes), sparse vector (SparseVectorCodec),
/// multi-vector (length + MultiVectorCodec), metadata (MetadataCodec)
/// </code>
/// A flag that is set says that the field is set, also where its value is empty; the text that is null has no flag.
/// </summary>
internal static class ContentCodec
{
    /// <summary>Fields that are kept in the content.</summary>
    public const ChunkFields Fields = ChunkFields.Text | ChunkFields.Metadata | ChunkFields.Attributes
        | ChunkFields.SparseVector | ChunkFields.MultiVector;

    /// <summary>Writes the fields of <paramref name="chunk"/> that its mask names; nothing if there is
    /// nothing.</summary>
    public static void Write(PayloadWriter to, ChunkWrite chunk)
    {
        var flags = chunk.Fields == ChunkFields.All ? Fields : chunk.Fields & Fields;
        if (chunk.Sparse.IsEmpty)
            flags &= ~ChunkFields.SparseVector;
        if (chunk.Text is null)
            flags &= ~ChunkFields.Text;
        if (chunk.Metadata.Count == 0)
            flags &= ~ChunkFields.Metadata;
        if (chunk.Attributes.IsEmpty)
            flags &= ~ChunkFields.Attributes;
        if (chunk.MultiVector is null)
            flags &= ~ChunkFields.MultiVector;
        if (flags == 0)
            return;
        to.Byte((byte)flags);
        if ((flags & ChunkFields.Text) != 0)
            to.Text(chunk.Text!);
        if ((flags & ChunkFields.Attributes) != 0)
            to.Bytes(chunk.Attributes.Span);
        if ((flags & ChunkFields.SparseVector) != 0)
            SparseVectorCodec.Write(to, chunk.Sparse);
        if ((flags & ChunkFields.MultiVector) != 0)
        {
            using var vectors = new PayloadWriter(16 * 1024);
            MultiVectorCodec.Write(vectors, chunk.MultiVector!);
            to.Bytes(vectors.WrittenSpan);
        }

        if ((flags & ChunkFields.Metadata) != 0)
            MetadataCodec.Write(to, chunk.Metadata);
    }

    /// <summary>
    /// The content after a patch: fields named by <paramref name="mask"/> come from the patch, the others from before.
    /// </summary>
    public static void Merge(
        PayloadWriter to, ReadOnlySpan<byte> before, ReadOnlySpan<byte> patch, ChunkFields mask)
    {
        var old = Split(before);
        var set = Split(patch);
        var text = (mask & ChunkFields.Text) != 0 ? set.Text : old.Text;
        var attributes = (mask & ChunkFields.Attributes) != 0 ? set.Attributes : old.Attributes;
        var metadata = (mask & ChunkFields.Metadata) != 0 ? set.Metadata : old.Metadata;
        var sparse = (mask & ChunkFields.SparseVector) != 0 ? set.Sparse : old.Sparse;
        var vectors = (mask & ChunkFields.MultiVector) != 0 ? set.MultiVector : old.MultiVector;
        var flags = (text.IsEmpty ? 0 : ChunkFields.Text) | (attributes.IsEmpty ? 0 : ChunkFields.Attributes)
            | (sparse.IsEmpty ? 0 : ChunkFields.SparseVector) | (vectors.IsEmpty ? 0 : ChunkFields.MultiVector)
            | (metadata.IsEmpty ? 0 : ChunkFields.Metadata);
        if (flags == 0)
            return;
        to.Byte((byte)flags);
        to.Raw(text);
        to.Raw(attributes);
        to.Raw(sparse);
        to.Raw(vectors);
        to.Raw(metadata);
    }

    /// <summary>The parts with what stands before their bytes; empty where a part is absent.</summary>
    public static ContentParts Split(ReadOnlySpan<byte> content)
    {
        if (content.IsEmpty)
            return default;
        var reader = new PayloadReader(content);
        var flags = ReadFlags(ref reader);
        var parts = default(ContentParts);
        if ((flags & ChunkFields.Text) != 0)
            parts.Text = Prefixed(ref reader, content);
        if ((flags & ChunkFields.Attributes) != 0)
            parts.Attributes = Prefixed(ref reader, content);
        if ((flags & ChunkFields.SparseVector) != 0)
        {
            var start = reader.Position;
            SparseVectorCodec.Skip(ref reader);
            parts.Sparse = content[start..reader.Position];
        }

        if ((flags & ChunkFields.MultiVector) != 0)
            parts.MultiVector = Prefixed(ref reader, content);
        if ((flags & ChunkFields.Metadata) != 0)
            parts.Metadata = content[reader.Position..];
        else
            reader.ExpectEnd();
        return parts;
    }

    public static string? ReadText(ReadOnlySpan<byte> prefixed) => prefixed.IsEmpty
        ? null
        : Encoding.UTF8.GetString(new PayloadReader(prefixed).Bytes());

    public static byte[] ReadAttributes(ReadOnlySpan<byte> prefixed) => prefixed.IsEmpty
        ? []
        : new PayloadReader(prefixed).Bytes().ToArray();

    public static MultiVector? ReadMultiVector(ReadOnlySpan<byte> prefixed) => prefixed.IsEmpty
        ? null
        : MultiVectorCodec.Decode(new PayloadReader(prefixed).Bytes());

    public static IReadOnlyDictionary<string, MetadataValue> ReadMetadata(ReadOnlySpan<byte> encoded)
    {
        if (encoded.IsEmpty)
            return System.Collections.Immutable.ImmutableDictionary<string, MetadataValue>.Empty;
        var reader = new PayloadReader(encoded);
        var metadata = MetadataCodec.Read(ref reader);
        reader.ExpectEnd();
        return metadata;
    }

    private static ChunkFields ReadFlags(ref PayloadReader reader)
    {
        var flags = (ChunkFields)reader.Byte();
        if ((flags & ~Fields) != 0)
            throw PayloadReader.Malformed("the content has unknown parts");
        return flags;
    }

    private static ReadOnlySpan<byte> Prefixed(scoped ref PayloadReader reader, ReadOnlySpan<byte> content)
    {
        var start = reader.Position;
        reader.Bytes();
        return content[start..reader.Position];
    }
}

/// <summary>Parts of a chunk's content, each with its prefix; empty where absent.</summary>
internal ref struct ContentParts
{
    public ReadOnlySpan<byte> Text;
    public ReadOnlySpan<byte> Attributes;
    public ReadOnlySpan<byte> MultiVector;
    public ReadOnlySpan<byte> Sparse;
    public ReadOnlySpan<byte> Metadata;
}
