namespace Rag.Embedding;

/// <summary>One line of a measurement.</summary>
/// <param name="What">What was measured.</param>
/// <param name="TokensEach">Tokens in each text.</param>
/// <param name="Texts">Texts embedded.</param>
/// <param name="Elapsed">Time they took.</param>
public sealed record ModelSpeed(string What, int TokensEach, long Texts, TimeSpan Elapsed)
{
    /// <summary>Texts a second.</summary>
    public double TextsPerSecond => Texts / Elapsed.TotalSeconds;

    /// <summary>Tokens a second, [CLS] and [SEP] included.</summary>
    public double TokensPerSecond => TextsPerSecond * TokensEach;
}
