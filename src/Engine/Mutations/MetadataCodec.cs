using System.Buffers;
using System.Text;

namespace Rag.Engine.Mutations;

/// <summary>
/// The binary form of metadata, the same for the same content: keys in bytewise order.
/// <code>
/// count, then for each: key, kind (+ 0x80 for a list), [count of elements if a list], elements
/// element: string = length + UTF-8; boolean = 1 byte; others = 8 bytes
/// </code>
/// </summary>
internal static class MetadataCodec
{
    private const byte ListFlag = 0x80;

    public static void Write(PayloadWriter to, IReadOnlyDictionary<string, MetadataValue> metadata)
    {
        to.VarInt(metadata.Count);
        if (metadata.Count == 0)
            return;
        var keys = ArrayPool<string>.Shared.Rent(metadata.Count);
        try
        {
            var count = 0;
            foreach (var key in metadata.Keys)
                keys[count++] = key;
            keys.AsSpan(0, count).Sort(ChunkKey.CompareBytewise);
            foreach (var key in keys.AsSpan(0, count))
            {
                to.Text(key);
                WriteValue(to, metadata[key]);
            }
        }
        finally
        {
            ArrayPool<string>.Shared.Return(keys, clearArray: true);
        }
    }

    public static void WriteValue(PayloadWriter to, MetadataValue value)
    {
        to.Byte((byte)((byte)value.Kind | (value.IsList ? ListFlag : 0)));
        if (value.IsList)
            to.VarInt(value.Count);
        for (var i = 0; i < value.Count; i++)
        {
            switch (value.Kind)
            {
                case MetadataKind.String:
                    to.Text(value.AsString(i));
                    break;
                case MetadataKind.Boolean:
                    to.Byte((byte)value.Bits(i));
                    break;
                default:
                    to.Int64(value.Bits(i));
                    break;
            }
        }
    }

    public static IReadOnlyDictionary<string, MetadataValue> Read(ref PayloadReader from)
    {
        var count = from.Count(3);
        if (count == 0)
            return System.Collections.Immutable.ImmutableDictionary<string, MetadataValue>.Empty;
        var metadata = new Dictionary<string, MetadataValue>(count);
        for (var i = 0; i < count; i++)
        {
            if (!metadata.TryAdd(from.Text(), ReadValue(ref from)))
                throw PayloadReader.Malformed("a metadata key stands twice");
        }

        return metadata;
    }

    public static MetadataValue ReadValue(ref PayloadReader from)
    {
        var (kind, isList) = ReadKind(ref from);
        if (kind == MetadataKind.String)
        {
            if (!isList)
                return MetadataValue.Of(from.Text());
            var texts = new string[from.Count()];
            for (var i = 0; i < texts.Length; i++)
                texts[i] = from.Text();
            return MetadataValue.List(texts);
        }

        if (!isList)
            return MetadataValue.OfBits(kind, ReadBits(ref from, kind));
        var bits = new long[from.Count()];
        for (var i = 0; i < bits.Length; i++)
            bits[i] = ReadBits(ref from, kind);
        return MetadataValue.OfBits(kind, bits);
    }

    public static (MetadataKind Kind, bool IsList) ReadKind(ref PayloadReader from)
    {
        var tag = from.Byte();
        var kind = (MetadataKind)(tag & ~ListFlag);
        if (kind is < MetadataKind.String or > MetadataKind.Location)
            throw PayloadReader.Malformed($"there is no metadata kind {(byte)kind}");
        return (kind, (tag & ListFlag) != 0);
    }

    public static long ReadBits(ref PayloadReader from, MetadataKind kind)
    {
        if (kind == MetadataKind.Boolean)
            return from.Byte() & 1;
        var bits = from.Int64();
        if (kind == MetadataKind.Location && !GeoPoint.Unpack(bits).IsValid)
            throw PayloadReader.Malformed("a place is not on the earth");
        return bits;
    }

    /// <summary>Bytes that <see cref="Write"/> will take.</summary>
    public static int Measure(IReadOnlyDictionary<string, MetadataValue> metadata)
    {
        var bytes = 2;
        foreach (var (key, value) in metadata)
        {
            bytes += Encoding.UTF8.GetByteCount(key) + 6;
            for (var i = 0; i < value.Count; i++)
                bytes += value.Kind == MetadataKind.String ? Encoding.UTF8.GetByteCount(value.AsString(i)) + 3 : 8;
        }

        return bytes;
    }
}
