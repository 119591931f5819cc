namespace Rag.Ingestor.Extraction;

/// <summary>Turns text of any length into blocks of at most <see cref="TextBlock.MaxLength"/>.</summary>
internal static class BlockSplitter
{
    public static IEnumerable<TextBlock> Split(BlockKind kind, string text, string separator, int level = 0, int page = 0)
    {
        if (text.Length <= TextBlock.MaxLength)
        {
            if (text.Length > 0)
                yield return new TextBlock(kind, text, separator, level, page);
            yield break;
        }

        for (var start = 0; start < text.Length;)
        {
            var length = TextCut.FirstPart(text.AsSpan(start), TextBlock.MaxLength);
            yield return new TextBlock(kind, text.Substring(start, length), start == 0 ? separator : "", level, page);
            start += length;
        }
    }
}
