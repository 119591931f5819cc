namespace Rag.Ingestor.Extraction;

/// <summary>
/// Carries a failure from the depth of a reader to <see cref="Extraction"/>, where it becomes a value again. Readers
/// are lazy sequences, so a return value has no way out of them.
/// </summary>
internal sealed class ExtractionException(ExtractionFailure failure, Exception? cause = null)
    : Exception(failure.Sentence, cause)
{
    public ExtractionFailure Failure { get; } = failure;

    public static ExtractionException Corrupt(string sentence, Exception? cause = null) =>
        new(new ExtractionFailure(ExtractionFailureKind.Corrupt, sentence), cause);

    public static ExtractionException Limit(string sentence, Exception? cause = null) =>
        new(new ExtractionFailure(ExtractionFailureKind.LimitExceeded, sentence), cause);

    public static ExtractionException Encrypted(string sentence) =>
        new(new ExtractionFailure(ExtractionFailureKind.Encrypted, sentence));

    public static ExtractionException Unsupported(string sentence) =>
        new(new ExtractionFailure(ExtractionFailureKind.Unsupported, sentence));

    public static ExtractionException MissingTool(string sentence, Exception? cause = null) =>
        new(new ExtractionFailure(ExtractionFailureKind.MissingTool, sentence), cause);
}
