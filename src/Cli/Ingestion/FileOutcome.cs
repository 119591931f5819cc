using Rag.V1;

namespace Rag.Cli.Ingestion;

/// <summary>What became of one file.</summary>
internal sealed record FileOutcome(SourceFile File, JobState State, JobOutcome Outcome, long Chunks, string Reason)
{
    public bool Failed => State != JobState.Done;

    /// <summary>indexed, unchanged, no_text, failed or cancelled.</summary>
    public string Word => State switch
    {
        JobState.Done => Outcome switch
        {
            JobOutcome.Unchanged => "unchanged",
            JobOutcome.NoText => "no_text",
            _ => "indexed",
        },
        JobState.Cancelled => "cancelled",
        _ => "failed",
    };
}
