namespace Rag.Router.Shards;

/// <summary>
/// Bytewise order of UTF-8, on UTF-16 strings. It differs from ordinal order only where one string has a surrogate and
/// the other a character from U+E000 on: code points above U+FFFF come last in UTF-8.
/// </summary>
internal static class Utf8Order
{
    public static int Compare(string left, string right)
    {
        var common = left.AsSpan().CommonPrefixLength(right);
        if (common == left.Length || common == right.Length)
            return left.Length.CompareTo(right.Length);
        var (a, b) = (left[common], right[common]);
        return char.IsSurrogate(a) == char.IsSurrogate(b)
            ? a.CompareTo(b)
            : char.IsSurrogate(a)
                ? (b >= 0xE000 ? 1 : a.CompareTo(b))
                : (a >= 0xE000 ? -1 : a.CompareTo(b));
    }

    public static int Compare(string leftDocument, string leftChunk, string rightDocument, string rightChunk)
    {
        var order = Compare(leftDocument, rightDocument);
        return order != 0 ? order : Compare(leftChunk, rightChunk);
    }
}
