namespace Rag.Embedding;

/// <summary>Which of a model's graphs is run.</summary>
public enum ModelGraph
{
    /// <summary>The quantised one on the CPU, the full weights on CUDA; the other if that is missing.</summary>
    Auto,

    /// <summary>The one with full weights, for exact vectors on any device.</summary>
    FullWeights,

    /// <summary>The quantised one.</summary>
    Quantized,
}
