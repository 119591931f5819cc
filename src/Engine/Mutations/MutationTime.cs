namespace Rag.Engine.Mutations;

/// <summary>The age that a mutation id tells.</summary>
internal static class MutationTime
{
    /// <summary>When a UUIDv7 was made, in milliseconds since the Unix epoch; null for other ids, which tell
    /// none.</summary>
    public static long? Of(Guid mutationId)
    {
        if (mutationId.Version != 7)
            return null;
        Span<byte> bytes = stackalloc byte[16];
        mutationId.TryWriteBytes(bytes, bigEndian: true, out _);
        return (long)(System.Buffers.Binary.BinaryPrimitives.ReadUInt64BigEndian(bytes) >> 16);
    }

    /// <summary>
    /// The id of part <paramref name="part"/> of a call that takes several records: the call's own for part 0; the
    /// same for the same part of a retry.
    /// </summary>
    public static Guid OfPart(Guid mutationId, int part)
    {
        if (part == 0)
            return mutationId;
        Span<byte> bytes = stackalloc byte[16];
        mutationId.TryWriteBytes(bytes, bigEndian: true, out _);
        // The last four bytes are random in every version; the multiplier spreads small part numbers over all of them.
        var tail = System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(bytes[12..]);
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(bytes[12..], tail ^ (uint)part * 0x9E37_79B1u);
        return new Guid(bytes, bigEndian: true);
    }
}
