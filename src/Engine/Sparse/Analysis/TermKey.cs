using System.Runtime.InteropServices;
using K4os.Hash.xxHash;

namespace Rag.Engine.Sparse;

/// <summary>
/// What stands for a term in an index: xxHash64 of its UTF-16 characters, little endian. Two terms of one index that
/// share a key are once in ten million indexes of a million terms; a dictionary of strings would cost more than the
/// postings of most terms.
/// </summary>
internal static class TermKey
{
    public static ulong Of(ReadOnlySpan<char> term) => XXH64.DigestOf(MemoryMarshal.AsBytes(term));
}
