namespace Rag.Engine.Indexing;

/// <summary>The form in which vectors are traversed; answers are always re-ranked in full precision.</summary>
public enum VectorCodec : byte
{
    /// <summary>One byte a dimension.</summary>
    Int8 = 1,

    /// <summary>Four bytes a dimension, no quantisation.</summary>
    Float32 = 2,
}
