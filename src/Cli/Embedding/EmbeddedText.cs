namespace Rag.Cli.Embedding;

/// <summary>A text's tokens, whole and uncut, and its vector.</summary>
internal readonly record struct EmbeddedText(IReadOnlyList<int> Ids, float[] Vector);
