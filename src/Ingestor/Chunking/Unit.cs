namespace Rag.Ingestor.Chunking;

/// <summary>
/// What is never cut again: a sentence, a line, or a part of an over-long one.
/// </summary>
/// <param name="Text">The block that it stands in.</param>
/// <param name="From">Its first character in the block.</param>
/// <param name="Length">Its length.</param>
/// <param name="Separator">What stands before it, if it is not the first of a chunk.</param>
/// <param name="Start">Its offset in the extracted text.</param>
/// <param name="Tokens">Its tokens when it stands alone.</param>
/// <param name="IsHeading">True for a heading, which is kept with what follows.</param>
/// <param name="Page">Its page, or 0.</param>
internal readonly record struct Unit(
    string Text, int From, int Length, string Separator, long Start, int Tokens, bool IsHeading, int Page)
{
    public ReadOnlySpan<char> Span => Text.AsSpan(From, Length);

    public long End => Start + Length;
}
