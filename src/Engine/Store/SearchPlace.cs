namespace Rag.Engine;

/// <summary>A place in the order of hits: falling score, then rising key.</summary>
/// <param name="Score">The score there.</param>
/// <param name="Key">Among equal scores, the key there.</param>
/// <param name="Rank">How many hits or documents came before it when it was given out: a hint of how far to
/// look.</param>
public readonly record struct SearchPlace(float Score, ChunkKey Key, int Rank);
