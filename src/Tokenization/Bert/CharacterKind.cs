namespace Rag.Tokenization.Bert;

/// <summary>What a character does to the word that is being read.</summary>
internal enum CharacterKind
{
    /// <summary>Belongs to a word as it is. Zero, so that an entry of 0 needs no further look.</summary>
    Word = 0,

    /// <summary>Leaves no trace.</summary>
    Drop,

    /// <summary>Ends a word.</summary>
    Space,

    /// <summary>Ends a word and is one itself.</summary>
    Punctuation,

    /// <summary>Stands for a sequence of other characters, each with a kind of its own.</summary>
    Mapped,

    /// <summary>A stripped mark of combining class 0: leaves no trace, but marks are not reordered across it.</summary>
    Barrier,

    /// <summary>A Hangul syllable, which stands for two or three letters.</summary>
    Hangul,

    /// <summary>An ideograph that is a word of its own, as if between spaces.</summary>
    Ideograph,
}
