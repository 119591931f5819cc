namespace Rag.Ingestor.Chunking;

/// <summary>How text is cut into chunks. Tokens are those of the model that embeds the chunks.</summary>
public sealed class ChunkingOptions
{
    /// <summary>
    /// Most characters (UTF-16 units) of a chunk, so that its UTF-8 stays under 64 KiB whatever it holds.
    /// </summary>
    public const int LongestChunk = 20_000;

    /// <summary>
    /// Tokens a chunk should have, 16 to 8,192; 200. Paragraphs and sentences are kept whole around it.
    /// </summary>
    public int TargetTokens { get; init; } = 200;

    /// <summary>Tokens a chunk may have, without those that open and close a model's input; 254.</summary>
    public int MaxTokens { get; init; } = 254;

    /// <summary>
    /// Tokens of whole sentences at a chunk's end that the next one begins with, 0 to half of the target; 30.
    /// Nothing is
    /// repeated across a heading.
    /// </summary>
    public int OverlapTokens { get; init; } = 30;

    /// <summary>
    /// A heading ends the chunk before it once that has this many tokens; 48, but never more than half of the target.
    /// Smaller sections share a chunk, because a vector of five words finds little.
    /// </summary>
    public int LeastSectionTokens { get; init; } = 48;

    /// <summary>Most chunks of one document; 1,000,000.</summary>
    public int MaxChunks { get; init; } = 1_000_000;

    /// <summary>Every error in these options, by key; empty when they are usable.</summary>
    public IReadOnlyList<string> Validate()
    {
        var errors = new List<string>();
        if (TargetTokens is < 16 or > 8192)
            errors.Add($"{nameof(TargetTokens)} is {TargetTokens}, but has to be 16 to 8192");
        if (MaxTokens < TargetTokens || MaxTokens > 8192)
            errors.Add($"{nameof(MaxTokens)} is {MaxTokens}, but has to be {nameof(TargetTokens)} ({TargetTokens}) to 8192");
        if (OverlapTokens < 0 || OverlapTokens > TargetTokens / 2)
            errors.Add($"{nameof(OverlapTokens)} is {OverlapTokens}, but has to be 0 to half of {nameof(TargetTokens)}");
        if (LeastSectionTokens < 0)
            errors.Add($"{nameof(LeastSectionTokens)} is {LeastSectionTokens}, but may not be negative");
        if (MaxChunks is < 1 or > 1_000_000)
            errors.Add($"{nameof(MaxChunks)} is {MaxChunks}, but has to be 1 to 1000000");
        return errors;
    }
}
