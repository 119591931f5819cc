namespace Rag.Embedding;

/// <summary>How the vectors of a text's tokens become one vector.</summary>
public enum PoolingMode
{
    /// <summary>Their mean, padding left out.</summary>
    Mean,

    /// <summary>The vector of the opening token ([CLS]).</summary>
    Classify,
}
