namespace Rag.Engine.Indexing;

/// <summary>How two vectors are compared. In every metric a higher score is better.</summary>
public enum Metric : byte
{
    /// <summary>Cosine of the angle, −1…1; a zero vector scores 0 against everything.</summary>
    Cosine = 1,

    /// <summary>Inner product as it is.</summary>
    InnerProduct = 2,

    /// <summary>Minus the squared Euclidean distance.</summary>
    L2 = 3,
}
