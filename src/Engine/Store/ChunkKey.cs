using System.Text;

namespace Rag.Engine;

/// <summary>
/// The key of a chunk within a workspace. Ordered by document id, then chunk id, each bytewise in UTF-8: the order of
/// lists and of equal scores.
/// </summary>
/// <param name="DocumentId">1–256 bytes of UTF-8.</param>
/// <param name="ChunkId">1–256 bytes of UTF-8, unique within the document.</param>
public readonly record struct ChunkKey(string DocumentId, string ChunkId) : IComparable<ChunkKey>
{
    /// <summary>The key of a chunk whose caller knows no documents: the chunk is a document of its own.</summary>
    public static ChunkKey OfSingle(string chunkId) => new(chunkId, chunkId);

    /// <inheritdoc/>
    public int CompareTo(ChunkKey other)
    {
        var byDocument = CompareBytewise(DocumentId, other.DocumentId);
        return byDocument != 0 ? byDocument : CompareBytewise(ChunkId, other.ChunkId);
    }

    public override string ToString() => $"{DocumentId}/{ChunkId}";

    /// <summary>
    /// Compares two strings as their UTF-8 bytes. That is the order of code points, which differs from the ordinal
    /// order of UTF-16 only where surrogates meet U+E000 and above.
    /// </summary>
    internal static int CompareBytewise(string left, string right)
    {
        var length = Math.Min(left.Length, right.Length);
        var at = left.AsSpan(0, length).CommonPrefixLength(right.AsSpan(0, length));
        if (at == length)
            return left.Length.CompareTo(right.Length);
        return Weight(left[at]).CompareTo(Weight(right[at]));
    }

    // Surrogates stand for code points above U+FFFF: they move behind U+E000…U+FFFF.
    private static int Weight(char unit) => char.IsSurrogate(unit) ? unit + 0x10000 : unit;

    /// <summary>Bytes of an id in UTF-8.</summary>
    internal static int ByteCount(string id) => Encoding.UTF8.GetByteCount(id);
}
