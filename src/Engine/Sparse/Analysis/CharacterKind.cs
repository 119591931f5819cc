namespace Rag.Engine.Sparse;

/// <summary>What a character is to the segmentation of words.</summary>
internal enum CharacterKind : byte
{
    /// <summary>White space, most punctuation and symbols: ends a word.</summary>
    Separator = 0,

    /// <summary>An accent or a format character: not there at all.</summary>
    Dropped,

    /// <summary>A letter that is not a capital, or a mark that is a part of its word.</summary>
    Letter,

    Capital,

    Digit,

    /// <summary>A character of a script that is written without spaces: a word of its own, and half of two
    /// others.</summary>
    Ideograph,

    /// <summary>Punctuation that holds the parts of an identifier together when it stands between them.</summary>
    Joiner,
}
