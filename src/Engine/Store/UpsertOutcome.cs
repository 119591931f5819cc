namespace Rag.Engine;

/// <summary>What became of a batch of chunk writes. All of it is durable and visible to searches.</summary>
/// <param name="Stamp">Position of the batch's last record; none if no item was fit to be logged.</param>
/// <param name="Items">One result for each write, in the order of the writes.</param>
public sealed record UpsertOutcome(WriteStamp Stamp, IReadOnlyList<ChunkWriteResult> Items);

/// <summary>What became of one chunk write.</summary>
/// <param name="Status">Whether it was written, and if not, why.</param>
/// <param name="Version">The chunk's version now; after a failed precondition the version that stands; none if there is
/// no such chunk.</param>
/// <param name="Detail">For <see cref="ChunkWriteStatus.Invalid"/> a sentence that says what to do, else null.</param>
public readonly record struct ChunkWriteResult(ChunkWriteStatus Status, WriteStamp Version, string? Detail = null);

/// <summary>Whether a chunk was written. The numbers are stored: never change them.</summary>
public enum ChunkWriteStatus : byte
{
    /// <summary>The chunk is new.</summary>
    Created = 1,

    /// <summary>The chunk was replaced or patched.</summary>
    Updated = 2,

    /// <summary>Nothing was written: the precondition does not hold.</summary>
    PreconditionFailed = 3,

    /// <summary>Nothing was written: a patch names a chunk that does not exist.</summary>
    NotFound = 4,

    /// <summary>Nothing was written: the item breaks a limit or does not fit the workspace's spaces.</summary>
    Invalid = 5,
}
