namespace Rag.Tokenization.Bert;

/// <summary>What BERT's normaliser does to a text before it is split; the defaults are the uncased models'.</summary>
internal sealed record BertNormalization
{
    /// <summary>Drop control characters and U+FFFD, and turn all white space into spaces.</summary>
    public bool CleanText { get; init; } = true;

    /// <summary>Let each ideograph be a word of its own.</summary>
    public bool IsolateIdeographs { get; init; } = true;

    /// <summary>Decompose canonically and drop non-spacing marks.</summary>
    public bool StripAccents { get; init; } = true;

    /// <summary>Map to lower case, by the full mappings without context.</summary>
    public bool Lowercase { get; init; } = true;
}
