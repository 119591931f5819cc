namespace Rag.Ingestor.Extraction;

/// <summary>What part a block plays in its document.</summary>
public enum BlockKind
{
    /// <summary>Running text; may be cut between sentences.</summary>
    Paragraph,

    /// <summary>A heading; <see cref="TextBlock.Level"/> is 1 for the outermost.</summary>
    Heading,

    /// <summary>An item of a list.</summary>
    ListItem,

    /// <summary>A row of a table or a record; a line each.</summary>
    Row,

    /// <summary>Lines whose breaks and indents carry meaning; cut between lines only.</summary>
    Code,

    /// <summary>
    /// <see cref="Code"/> that begins with a declaration, whose first line names what follows as a heading does.
    /// </summary>
    Declaration,
}

/// <summary>
/// A piece of extracted text, at most <see cref="MaxLength"/> UTF-16 units. The extracted text of a document is its
/// blocks in order, each after its <see cref="Separator"/>.
/// </summary>
/// <param name="Kind">The block's part in the document.</param>
/// <param name="Text">The text; no carriage returns, no control characters but tab and line feed.</param>
/// <param name="Separator">What stands between the former block and this one; empty where this one goes on in
/// mid-line.</param>
/// <param name="Level">Depth of a heading or declaration from 1; 0 for others.</param>
/// <param name="Page">Page from 1; 0 where the format has no pages.</param>
public sealed record TextBlock(BlockKind Kind, string Text, string Separator = "\n\n", int Level = 0, int Page = 0)
{
    /// <summary>Longest text of one block in UTF-16 units; readers cut longer ones, never within a character.</summary>
    public const int MaxLength = 16 * 1024;

    /// <summary>
    /// Units between the end of the former block and the start of this one in the extracted text; −1 for the length of
    /// <see cref="Separator"/>. Larger where a long run of empty lines was shortened.
    /// </summary>
    public long Gap { get; init; } = -1;

    /// <summary>Offset of the first unit of <see cref="Text"/> in the extracted text.</summary>
    public long Start { get; init; }
}
