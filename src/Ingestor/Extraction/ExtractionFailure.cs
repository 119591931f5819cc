namespace Rag.Ingestor.Extraction;

/// <summary>Why a file gave no text.</summary>
public enum ExtractionFailureKind
{
    /// <summary>A format that is not read.</summary>
    Unsupported,

    /// <summary>The file needs a password or a key.</summary>
    Encrypted,

    /// <summary>The bytes are not what the format asks for.</summary>
    Corrupt,

    /// <summary>A limit on size, depth, ratio, count or time was met.</summary>
    LimitExceeded,

    /// <summary>A program that reads this format is not installed on this machine.</summary>
    MissingTool,
}

/// <summary>
/// An expected outcome of reading a file that others made.
/// </summary>
/// <param name="Kind">The class of the failure; none of them goes away by trying again with the same bytes.</param>
/// <param name="Sentence">One plain sentence for the file's owner: what is wrong and what to do.</param>
public sealed record ExtractionFailure(ExtractionFailureKind Kind, string Sentence);
