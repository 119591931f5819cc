using Rag.Ingestor.Extraction;

namespace Rag.Ingestor.Documents;

/// <summary>
/// What reading and cutting a file came to.
/// </summary>
/// <param name="Failure">Why it cannot be used, or null.</param>
/// <param name="Title">Its own title, or null.</param>
/// <param name="Chunks">Chunks handed over.</param>
internal sealed record CutDocument(ExtractionFailure? Failure, string? Title, long Chunks)
{
    public static CutDocument TooMany(int most) => new(
        new ExtractionFailure(
            ExtractionFailureKind.LimitExceeded,
            $"The file makes more than {most:N0} chunks; split it into smaller files."),
        null, most);
}
