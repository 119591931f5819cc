namespace Rag.Engine.Sparse;

/// <summary>How BM25 scores.</summary>
/// <param name="K1">How soon more occurrences of a term stop counting, 0 to 100.</param>
/// <param name="B">How far long texts are held against their length, 0 to 1.</param>
public readonly record struct Bm25Parameters(float K1, float B);
