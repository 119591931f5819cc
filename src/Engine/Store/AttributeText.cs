namespace Rag.Engine;

/// <summary>
/// Text that a chunk's attributes hold and that is to be found by its words beside the chunk's own, such as the
/// headings over it; '' for none. Must give the same text for the same bytes for ever, and never throw.
/// </summary>
/// <param name="attributes">As they were written.</param>
public delegate string AttributeText(ReadOnlySpan<byte> attributes);
