namespace Rag.Engine.Indexing;

/// <summary>The form in which a search walks over vectors; what it finds is ranked again in full precision.</summary>
public enum VectorCodec : byte
{
    /// <summary>One byte a dimension: a quarter of the memory traffic, no visible loss after re-ranking.</summary>
    Int8 = 1,

    /// <summary>Four bytes a dimension: full precision all the way.</summary>
    Float32 = 2,

    /// <summary>
    /// One bit a dimension: an eighth of int8's codes. The coarse order is mended by ranking far more candidates in full
    /// precision, so it is for what does not fit into memory otherwise. From 64 dimensions on.
    /// </summary>
    Binary = 3,
}
