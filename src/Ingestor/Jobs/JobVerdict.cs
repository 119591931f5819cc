using Rag.Metadata;

namespace Rag.Ingestor.Jobs;

/// <summary>What one try of a job came to.</summary>
internal abstract record JobVerdict
{
    private JobVerdict()
    {
    }

    /// <summary>The document is as it should be.</summary>
    /// <param name="Outcome">How it came to be so.</param>
    /// <param name="Document">Its new record; null where the one on record stays.</param>
    public sealed record Completed(JobOutcome Outcome, DocumentRecord? Document) : JobVerdict;

    /// <summary>Another try would end the same way.</summary>
    /// <param name="Reason">A sentence for the file's owner.</param>
    public sealed record Failed(string Reason) : JobVerdict;

    /// <summary>Another try may succeed.</summary>
    /// <param name="Reason">A sentence that says what is in the way.</param>
    /// <param name="MostAttempts">Tries after which it is given up all the same.</param>
    public sealed record Retry(string Reason, int MostAttempts = int.MaxValue) : JobVerdict;

    /// <summary>It was cancelled, or another worker has it.</summary>
    public sealed record Lost : JobVerdict;

    /// <summary>The process stops; the job goes back as if it had not been claimed.</summary>
    public sealed record Released : JobVerdict;
}
