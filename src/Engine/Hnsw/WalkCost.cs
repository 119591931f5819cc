namespace Rag.Engine.Hnsw;

/// <summary>What a walk did: distances computed and edge lists read.</summary>
internal readonly record struct WalkCost(int Distances, int Expanded);
