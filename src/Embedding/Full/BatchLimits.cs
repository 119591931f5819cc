namespace Rag.Embedding.Full;

/// <summary>How large batches and queues get; see <see cref="EmbedderOptions"/> for each.</summary>
internal sealed record BatchLimits
{
    public required int MaxTexts { get; init; }

    public required int MaxTokens { get; init; }

    /// <summary>
    /// Largest share of a row that is padding, 0 to 1. Not only because padding is computed too: the int8 graph quantises
    /// the activations of a batch as one, and rows of other lengths cost precision (a two-token text falls from a cosine
    /// of .981 to .967 among long ones).
    /// </summary>
    public required double MaxPadding { get; init; }

    public required TimeSpan MaxDelay { get; init; }

    public required int MaxQueuedQueries { get; init; }

    public required int BackgroundTexts { get; init; }

    public required int BackgroundTokens { get; init; }

    /// <summary>The limits that options and device give.</summary>
    public static BatchLimits From(EmbedderOptions options, bool onCuda) => new()
    {
        MaxTexts = options.MaxBatchTexts > 0 ? options.MaxBatchTexts : onCuda ? 128 : 32,
        MaxTokens = options.MaxBatchTokens > 0 ? options.MaxBatchTokens : onCuda ? 32_768 : 1024,
        MaxPadding = onCuda ? .5 : .25,
        MaxDelay = options.MaxBatchDelay,
        MaxQueuedQueries = options.MaxQueuedQueries,
        BackgroundTexts = options.BackgroundBatchTexts > 0 ? options.BackgroundBatchTexts : onCuda ? 64 : 8,
        BackgroundTokens = options.BackgroundBatchTokens > 0 ? options.BackgroundBatchTokens : onCuda ? 8192 : 256,
    };
}
