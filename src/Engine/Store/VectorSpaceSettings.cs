using Rag.Engine.Indexing;

namespace Rag.Engine;

/// <summary>Configuration of a dense vector space. Name, dimension, metric, codec and M never change once
/// recorded; the others count from the next time the slice is loaded.</summary>
public sealed record VectorSpaceSettings
{
    /// <summary>0–64 bytes of UTF-8; '' is the default space.</summary>
    public string Name { get; init; } = "";

    /// <summary>1–4,096.</summary>
    public required int Dimension { get; init; }

    public Metric Metric { get; init; } = Metric.Cosine;

    /// <summary>Form in which vectors are traversed.</summary>
    public VectorCodec Codec { get; init; } = VectorCodec.Int8;

    /// <summary>Links of a node in the graph's upper layers, 4–64 (the ground layer has twice as many).</summary>
    public int M { get; init; } = 16;

    /// <summary>Candidates considered for the links of a new node, 16–1,000.</summary>
    public int EfConstruction { get; init; } = 200;

    /// <summary>Rows from which the index is a graph; 0 for "where it becomes cheaper".</summary>
    public int ExactThreshold { get; init; }
}
