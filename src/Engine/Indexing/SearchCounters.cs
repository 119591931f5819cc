namespace Rag.Engine.Indexing;

/// <summary>What one search did.</summary>
/// <param name="Distances">Distances computed on codes.</param>
/// <param name="Expanded">Graph nodes whose neighbours were read; 0 for a scan.</param>
/// <param name="Reranked">Rows scored in full precision.</param>
/// <param name="Ef">Size of the candidate pool used; 0 for a scan.</param>
/// <param name="Path">What found the hits.</param>
public readonly record struct SearchCounters(int Distances, int Expanded, int Reranked, int Ef, SearchPath Path);
