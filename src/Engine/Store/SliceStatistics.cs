using Rag.Engine.Storage;

namespace Rag.Engine;

/// <summary>Figures of one slice. Reading them loads the slice.</summary>
public sealed record SliceStatistics
{
    public required SliceId Slice { get; init; }

    /// <summary>Visible chunks.</summary>
    public required long Chunks { get; init; }

    /// <summary>Documents with at least one visible chunk.</summary>
    public required long Documents { get; init; }

    /// <summary>Bytes that the slice keeps in memory.</summary>
    public required long MemoryBytes { get; init; }

    /// <summary>What makes texts searchable by their words.</summary>
    public required TermIndexStatistics TextIndex { get; init; }

    /// <summary>What makes chunks searchable by callers' sparse vectors.</summary>
    public required TermIndexStatistics SparseIndex { get; init; }

    /// <summary>Bytes of its snapshot; 0 if there is none yet.</summary>
    public required long SnapshotBytes { get; init; }

    /// <summary>Bytes of its texts and metadata in the chunk log, dead ones not counted.</summary>
    public required long ContentBytes { get; init; }

    /// <summary>Generations staged and neither committed nor aborted.</summary>
    public required int PendingGenerations { get; init; }

    /// <summary>The slice's last change.</summary>
    public required WriteStamp Stamp { get; init; }

    public required ulong SettingsVersion { get; init; }

    public required IReadOnlyList<SpaceStatistics> Spaces { get; init; }
}

/// <summary>Figures of one vector space of a slice.</summary>
/// <param name="Name">The space's name.</param>
/// <param name="Vectors">Vectors of visible chunks.</param>
/// <param name="RefinedVectors">Of these, made by the full encoder.</param>
/// <param name="LookupVectors">Of these, made by the lookup encoder.</param>
/// <param name="IsGraph">True if searches walk a graph, false if they compare with every vector.</param>
/// <param name="MemoryBytes">Bytes of the index and of recent vectors in memory.</param>
/// <param name="MeasuredRecall">Recall of the ten nearest at the default target; 1 for an exact scan, null before anything
/// was measured.</param>
public sealed record SpaceStatistics(
    string Name, long Vectors, long RefinedVectors, long LookupVectors, bool IsGraph, long MemoryBytes,
    float? MeasuredRecall);
