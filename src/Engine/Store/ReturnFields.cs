namespace Rag.Engine;

/// <summary>What a read returns besides key, version and score. Text and metadata cost a read of the chunk
/// log.</summary>
[Flags]
public enum ReturnFields
{
    None = 0,
    Text = 1,
    Metadata = 2,
    Vectors = 4,
    Attributes = 8,
    SparseVector = 16,
    MultiVector = 32,
    All = Text | Metadata | Vectors | Attributes | SparseVector | MultiVector,
}
