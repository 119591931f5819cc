using Rag.Engine.Storage;

namespace Rag.Engine;

/// <summary>State of a whole store at one moment.</summary>
public sealed record StoreStatus
{
    /// <summary>Slices held, loaded or not, quarantined ones included.</summary>
    public required int Slices { get; init; }

    /// <summary>Slices in memory.</summary>
    public required int LoadedSlices { get; init; }

    /// <summary>Bytes in memory: loaded slices, log buffers, what sleeping slices cost.</summary>
    public required long MemoryBytes { get; init; }

    public required long MemoryCapBytes { get; init; }

    public required long MutationLogBytes { get; init; }

    public required long ChunkLogBytes { get; init; }

    /// <summary>Bytes of all current snapshots.</summary>
    public required long SnapshotBytes { get; init; }

    /// <summary>Null while writes are taken; else a sentence that says why they are refused. Reads go on.</summary>
    public required string? WriteFault { get; init; }

    /// <summary>Slices whose data is corrupt; they are refused with the reason, all others are served.</summary>
    public required IReadOnlyList<QuarantinedSlice> Quarantined { get; init; }
}

/// <summary>A slice that is not served.</summary>
/// <param name="Slice">The slice; partition −1 where all that was known of the workspace is lost.</param>
/// <param name="Reason">What was found, as a sentence.</param>
public sealed record QuarantinedSlice(SliceId Slice, string Reason);

/// <summary>What a partition takes.</summary>
/// <param name="Partition">Its number.</param>
/// <param name="Slices">Slices in it.</param>
/// <param name="Bytes">Of snapshots or, where more, memory, and of living texts: about what a copy of it moves.</param>
public readonly record struct PartitionSize(int Partition, int Slices, long Bytes);
