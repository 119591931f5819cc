using K4os.Hash.xxHash;

namespace Rag.Engine.Slices;

/// <summary>32-bit fingerprints of ids. They stand in snapshots: never change them.</summary>
internal static class Fingerprint
{
    private const ulong Mix = 0x9E37_79B9_7F4A_7C15;

    /// <summary>Of a document id, or of any single string of bytes.</summary>
    public static uint Of(ReadOnlySpan<byte> id) => Fold(XXH64.DigestOf(id));

    /// <summary>Of a chunk's key.</summary>
    public static uint Of(ReadOnlySpan<byte> documentId, ReadOnlySpan<byte> chunkId) =>
        Fold((XXH64.DigestOf(documentId) * Mix) ^ XXH64.DigestOf(chunkId));

    private static uint Fold(ulong hash)
    {
        hash *= Mix;
        return (uint)(hash >> 32) ^ (uint)hash;
    }
}
