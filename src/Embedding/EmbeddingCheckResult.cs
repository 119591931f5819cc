namespace Rag.Embedding;

/// <summary>How two execution providers compare on one graph.</summary>
public sealed record EmbeddingCheckResult
{
    /// <summary>The model.</summary>
    public required ModelInfo Model { get; init; }

    /// <summary>Names of the providers: CPU first.</summary>
    public required IReadOnlyList<string> Providers { get; init; }

    /// <summary>Texts that were embedded on both.</summary>
    public required int Texts { get; init; }

    /// <summary>Largest difference of any component.</summary>
    public required double MaxDifference { get; init; }

    /// <summary>Smallest cosine between the two vectors of a text.</summary>
    public required double MinCosine { get; init; }

    /// <summary>Speeds by provider, length of text and batch size; empty if they were not asked for.</summary>
    public required IReadOnlyList<ModelSpeed> Speeds { get; init; }
}
