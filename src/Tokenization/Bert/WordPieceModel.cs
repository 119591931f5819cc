namespace Rag.Tokenization.Bert;

/// <summary>A vocabulary and its rules, ready to be matched against. Immutable.</summary>
internal sealed class WordPieceModel
{
    /// <summary>Builds a model; <paramref name="vocabulary"/>[id] is the token of that id, or null.</summary>
    public WordPieceModel(
        IReadOnlyList<string?> vocabulary, string continuingPrefix, int unknownId, int maxWordCharacters,
        BertNormalization normalization)
    {
        UnknownId = unknownId;
        MaxWordCharacters = maxWordCharacters;
        Normalization = normalization;
        Characters = CharacterTable.For(normalization);
        Words = WordTable.Build(vocabulary);
        Pieces = WordTrie.Build(vocabulary, continuingPrefix);
        AsciiKinds = new CharacterKind[128];
        AsciiIds = new int[128];
        Span<byte> single = stackalloc byte[1];
        for (var c = 0; c < 128; c++)
        {
            AsciiKinds[c] = CharacterTable.KindOf(Characters[c]);
            single[0] = (byte)c;
            AsciiIds[c] = Pieces.LongestMatch(single, WordTrie.InitialRoot, out var id) == 1 ? id : unknownId;
        }
    }

    public int UnknownId { get; }

    /// <summary>A word of more characters than this is unknown as a whole.</summary>
    public int MaxWordCharacters { get; }

    public BertNormalization Normalization { get; }

    public CharacterTable Characters { get; }

    public WordTable Words { get; }

    public WordTrie Pieces { get; }

    /// <summary>Kinds of the ASCII characters.</summary>
    public CharacterKind[] AsciiKinds { get; }

    /// <summary>The id of each ASCII character as a word of its own.</summary>
    public int[] AsciiIds { get; }
}
