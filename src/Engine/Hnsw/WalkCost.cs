namespace Rag.Engine.Hnsw;

/// <summary>What a walk did: distances computed and edge lists read.</summary>
internal readonly record struct WalkCost(int Distances, int Expanded)
{
    public static WalkCost operator +(WalkCost left, WalkCost right) =>
        new(left.Distances + right.Distances, left.Expanded + right.Expanded);
}
