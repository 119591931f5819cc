namespace Rag.Ingestor.Chunking;

/// <summary>Why a chunk ends where it does.</summary>
internal enum ChunkCut
{
    /// <summary>A heading comes; headings just before it go with it, and nothing is repeated.</summary>
    Section,

    /// <summary>It is full; its last sentences are repeated, and headings at its end go with what follows.</summary>
    Limit,

    /// <summary>The document ends.</summary>
    End,
}
