namespace Rag.Engine;

/// <summary>What became of the commit of a document's generation.</summary>
/// <param name="Status">Whether the generation is visible, and if not, why.</param>
/// <param name="Version">The document's version now; none if it does not exist.</param>
/// <param name="VisibleChunks">Chunks of the generation that the commit made visible.</param>
/// <param name="ReplacedChunks">Chunks of the former generation that the commit made invisible.</param>
/// <param name="Stamp">Position of the commit's record.</param>
public sealed record CommitOutcome(
    CommitStatus Status, WriteStamp Version, int VisibleChunks, int ReplacedChunks, WriteStamp Stamp);

/// <summary>Whether a generation was committed. The numbers are stored: never change them.</summary>
public enum CommitStatus : byte
{
    /// <summary>The new generation is visible and the former one is not, in one step for every search.</summary>
    Committed = 1,

    /// <summary>Nothing changed: this generation is the document's current one already.</summary>
    AlreadyCommitted = 2,

    /// <summary>Nothing changed: the document's version is not the one demanded.</summary>
    PreconditionFailed = 3,

    /// <summary>Nothing changed: the number of staged chunks is not the expected one; stage what is missing.</summary>
    Incomplete = 4,

    /// <summary>Nothing changed: the generation was never staged, was aborted, or is older than 24 hours.</summary>
    UnknownGeneration = 5,
}
