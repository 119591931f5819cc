namespace Rag.Embedding.Full;

/// <summary>How large batches and queues get; see <see cref="EmbedderOptions"/> for each.</summary>
internal sealed record BatchLimits
{
    public required int MaxTexts { get; init; }

    public required int MaxTokens { get; init; }

    public required TimeSpan MaxDelay { get; init; }

    public required int MaxQueuedQueries { get; init; }

    /// <summary>The limits that options and device give.</summary>
    public static BatchLimits From(EmbedderOptions options, bool onCuda) => new()
    {
        MaxTexts = options.MaxBatchTexts > 0 ? options.MaxBatchTexts : onCuda ? 128 : 16,
        MaxTokens = options.MaxBatchTokens > 0 ? options.MaxBatchTokens : onCuda ? 32_768 : 1024,
        MaxDelay = options.MaxBatchDelay,
        MaxQueuedQueries = options.MaxQueuedQueries,
    };
}
