namespace Rag.Ingestor.Chunking;

/// <summary>
/// A passage of a document, ready to be embedded.
/// </summary>
/// <param name="Ordinal">Place in reading order from 0.</param>
/// <param name="Text">The passage; at most <see cref="ChunkingOptions.LongestChunk"/> UTF-16 units.</param>
/// <param name="Start">Offset of its first UTF-16 unit in the extracted text.</param>
/// <param name="End">Offset behind its last.</param>
/// <param name="HeadingPath">Headings over the passage's beginning, outermost first.</param>
/// <param name="Page">Page of its beginning from 1; 0 where the format has no pages.</param>
/// <param name="Tokens">Tokens of <paramref name="Text"/>.</param>
public sealed record Chunk(
    int Ordinal, string Text, long Start, long End, IReadOnlyList<string> HeadingPath, int Page, int Tokens)
{
    /// <summary>"000012": digits enough that bytewise order is reading order.</summary>
    public string Id => Ordinal.ToString("D6", System.Globalization.CultureInfo.InvariantCulture);
}
