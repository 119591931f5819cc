namespace Rag.Engine.Indexing;

/// <summary>How two vectors are compared. In each metric a higher score is better.</summary>
public enum Metric : byte
{
    /// <summary>Cosine of the angle, −1…1.</summary>
    Cosine = 1,

    /// <summary>Inner product as is.</summary>
    InnerProduct = 2,

    /// <summary>Minus the squared Euclidean distance.</summary>
    L2 = 3,
}
