namespace Rag.Engine;

/// <summary>
/// Text that a chunk's attributes hold and that is to be found by its words beside the chunk's own, such as the
/// headings over it and the title of its document. Must give the same for the same bytes for ever, and never throw.
/// </summary>
/// <param name="attributes">As they were written.</param>
public delegate AttributeFields AttributeText(ReadOnlySpan<byte> attributes);

/// <summary>The fields of a chunk's attributes that are searched by their words, each with a boost of its own.</summary>
/// <param name="Text">Counts as <see cref="TextSettings.AttributeBoost"/> says; '' for none.</param>
/// <param name="Title">Counts as <see cref="TextSettings.TitleBoost"/> says; '' for none.</param>
public readonly record struct AttributeFields(string Text, string Title = "");
