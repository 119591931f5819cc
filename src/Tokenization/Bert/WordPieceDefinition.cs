namespace Rag.Tokenization.Bert;

/// <summary>What a tokenizer's files say, checked: every id is below the vocabulary's size.</summary>
internal sealed record WordPieceDefinition
{
    /// <summary>Token by id; null where an id is not used.</summary>
    public required IReadOnlyList<string?> Vocabulary { get; init; }

    public required string ContinuingPrefix { get; init; }

    public required int UnknownId { get; init; }

    public required int ClassifyId { get; init; }

    public required int SeparatorId { get; init; }

    public required int PaddingId { get; init; }

    public required int MaxWordCharacters { get; init; }

    public required BertNormalization Normalization { get; init; }

    public required IReadOnlyList<AddedToken> AddedTokens { get; init; }
}
