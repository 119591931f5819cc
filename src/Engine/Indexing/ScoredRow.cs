namespace Rag.Engine.Indexing;

/// <summary>A row that a search found.</summary>
/// <param name="Row">Ordinal of the row in its slice.</param>
/// <param name="Score">Its exact score in full precision; higher is better.</param>
public readonly record struct ScoredRow(int Row, float Score);
