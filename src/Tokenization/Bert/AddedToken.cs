namespace Rag.Tokenization.Bert;

/// <summary>
/// A token that is found in a text as it stands: "[MASK]" in a text is that token. Spaces beside it go with it where it
/// strips.
/// </summary>
/// <param name="Content">The literal text, not empty.</param>
/// <param name="Id">Its id.</param>
/// <param name="SingleWord">Only where no letter, digit or underscore touches it.</param>
/// <param name="StripLeft">Takes the white space before it.</param>
/// <param name="StripRight">Takes the white space after it.</param>
/// <param name="Normalized">Looked for after normalisation, not before it.</param>
internal sealed record AddedToken(
    string Content, int Id, bool SingleWord, bool StripLeft, bool StripRight, bool Normalized = false);
