namespace Rag.Embedding;

/// <summary>What a model does on this machine.</summary>
public sealed record ModelTestResult
{
    /// <summary>The model.</summary>
    public required ModelInfo Model { get; init; }

    /// <summary>Where the transformer ran, or null if there is none.</summary>
    public string? Provider { get; init; }

    /// <summary>The processor's name, as far as the system tells.</summary>
    public required string Processor { get; init; }

    /// <summary>Logical cores.</summary>
    public required int Cores { get; init; }

    /// <summary>All measurements, in the order they were made.</summary>
    public required IReadOnlyList<ModelSpeed> Speeds { get; init; }
}
