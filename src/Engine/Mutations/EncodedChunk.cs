using System.Runtime.CompilerServices;

namespace Rag.Engine.Mutations;

/// <summary>
/// One chunk write inside a payload, decoded in place: every span points into the payload.
/// <code>
/// document id, chunk id (absent if equal: length 0), fields, precondition, [stamp], content (length + ContentCodec),
/// count of vectors, then for each: space, encoder, components
/// </code>
/// </summary>
internal ref struct EncodedChunk
{
    public ReadOnlySpan<byte> DocumentId;
    public ReadOnlySpan<byte> ChunkId;
    public ChunkFields Fields;
    public Precondition Precondition;
    public ReadOnlySpan<byte> Content;
    public int VectorCount;

    // The vectors' bytes; read one by one with EncodedVector.Read.
    public ReadOnlySpan<byte> Vectors;

    public static void Write(PayloadWriter to, ChunkWrite chunk, PayloadWriter scratch)
    {
        to.Text(chunk.Key.DocumentId);
        to.Text(chunk.Key.ChunkId == chunk.Key.DocumentId ? "" : chunk.Key.ChunkId);
        to.Byte((byte)chunk.Fields);
        WritePrecondition(to, chunk.Precondition);
        scratch.TruncateTo(0);
        ContentCodec.Write(scratch, chunk);
        to.Bytes(scratch.WrittenSpan);
        var vectors = (chunk.Fields & ChunkFields.Vectors) != 0 ? chunk.Vectors : [];
        to.VarInt(vectors.Count);
        foreach (var vector in vectors)
        {
            to.Text(vector.Space);
            to.Byte((byte)vector.Encoder);
            to.Floats(vector.Values.Span);
        }
    }

    public static EncodedChunk Read(scoped ref PayloadReader from, ReadOnlySpan<byte> payload)
    {
        var record = new EncodedChunk { DocumentId = Slice(ref from, payload) };
        record.ChunkId = Slice(ref from, payload);
        if (record.ChunkId.IsEmpty)
            record.ChunkId = record.DocumentId;
        record.Fields = (ChunkFields)from.Byte();
        if ((record.Fields & ~ChunkFields.Patch) == 0 || (record.Fields & ~ChunkFields.Known) != 0)
            throw PayloadReader.Malformed("a chunk's mask has unknown fields");
        record.Precondition = ReadPrecondition(ref from);
        record.Content = Slice(ref from, payload);
        record.VectorCount = from.Count(3);
        var start = from.Position;
        for (var i = 0; i < record.VectorCount; i++)
            EncodedVector.Read(ref from);
        record.Vectors = payload[start..from.Position];
        return record;
    }

    public static void WritePrecondition(PayloadWriter to, Precondition precondition)
    {
        to.Byte((byte)precondition.Kind);
        if (precondition.Kind == PreconditionKind.IfVersion)
            to.Stamp(precondition.Version);
    }

    public static Precondition ReadPrecondition(ref PayloadReader from) => (PreconditionKind)from.Byte() switch
    {
        PreconditionKind.None => Precondition.None,
        PreconditionKind.IfAbsent => Precondition.IfAbsent,
        PreconditionKind.IfVersion => Precondition.IfVersion(from.Stamp()),
        _ => throw PayloadReader.Malformed("there is no such precondition"),
    };

    private static ReadOnlySpan<byte> Slice(scoped ref PayloadReader from, ReadOnlySpan<byte> payload)
    {
        var length = from.Count();
        from.Raw(length);
        return payload.Slice(from.Position - length, length);
    }
}

/// <summary>A vector inside a payload, decoded in place.</summary>
internal ref struct EncodedVector
{
    public ReadOnlySpan<byte> Space;
    public VectorEncoder Encoder;
    public ReadOnlySpan<float> Values;

    public static EncodedVector Read(ref PayloadReader from)
    {
        var record = default(EncodedVector);
        record.Space = from.Bytes();
        record.Encoder = (VectorEncoder)from.Byte();
        if (record.Encoder > VectorEncoder.Lookup)
            throw PayloadReader.Malformed("there is no such encoder");
        record.Values = from.Floats();
        return record;
    }
}
