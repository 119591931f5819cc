namespace Rag.Embedding;

/// <summary>What a model folder holds.</summary>
public sealed record ModelInfo
{
    /// <summary>Name below the models folder, such as "all-MiniLM-L6-v2" or "org/name".</summary>
    public required string Name { get; init; }

    /// <summary>Absolute path of the folder.</summary>
    public required string Folder { get; init; }

    /// <summary>Floats in a vector.</summary>
    public required int Dimension { get; init; }

    /// <summary>Longest input in tokens, [CLS] and [SEP] included.</summary>
    public required int MaxTokens { get; init; }

    /// <summary>SPDX-like licence name from the model's card or licence file; null if neither says.</summary>
    public string? Licence { get; init; }

    /// <summary>How token vectors become one.</summary>
    public required PoolingMode Pooling { get; init; }

    /// <summary>Whether vectors are divided by their L2 norm.</summary>
    public required bool Normalize { get; init; }

    /// <summary>Put before each query; empty for most models.</summary>
    public string QueryPrefix { get; init; } = "";

    /// <summary>Put before each passage; empty for most models.</summary>
    public string PassagePrefix { get; init; } = "";

    /// <summary>The graph with full weights, or null.</summary>
    public string? FullGraph { get; init; }

    /// <summary>The quantised graph, or null.</summary>
    public string? QuantizedGraph { get; init; }

    /// <summary>The lookup table, or null.</summary>
    public string? LookupTable { get; init; }

    /// <summary>Bytes of all files in the folder.</summary>
    public required long Bytes { get; init; }

    /// <summary>Whether the transformer is there.</summary>
    public bool HasFull => FullGraph is not null || QuantizedGraph is not null;

    /// <summary>Whether the lookup table is there.</summary>
    public bool HasLookup => LookupTable is not null;

    /// <summary>The encoders that are there, best first.</summary>
    public IReadOnlyList<EncoderKind> Encoders =>
        HasFull && HasLookup ? [EncoderKind.Full, EncoderKind.Lookup]
        : HasFull ? [EncoderKind.Full]
        : HasLookup ? [EncoderKind.Lookup]
        : [];

    /// <summary>Whether it scores pairs of texts, as its config.json says, and so makes no vectors.</summary>
    public bool ReadsPairs { get; init; }
}
