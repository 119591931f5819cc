using Rag.Engine.Storage;

namespace Rag.Engine;

/// <summary>What the visible chunks of a slice have for vectors.</summary>
/// <param name="Slice">The slice.</param>
/// <param name="Stamp">Its last change: as long as it stays, so do the counts.</param>
/// <param name="Chunks">Visible chunks.</param>
/// <param name="Spaces">Counts by space; empty where they are not known without waking the slice.</param>
/// <param name="IsLoaded">Whether it is in memory.</param>
public sealed record SliceVectors(
    SliceId Slice, WriteStamp Stamp, long Chunks, IReadOnlyList<SpaceVectorCounts> Spaces, bool IsLoaded);

/// <summary>Vectors of visible chunks in one space, by what made them.</summary>
/// <param name="Space">Name of the space.</param>
/// <param name="Full">Made by the full encoder.</param>
/// <param name="Lookup">Made by the lookup encoder.</param>
/// <param name="Client">Sent by callers.</param>
public readonly record struct SpaceVectorCounts(string Space, long Full, long Lookup, long Client)
{
    /// <summary>All of them.</summary>
    public long Total => Full + Lookup + Client;
}

/// <summary>What a chunk lacks in a space.</summary>
public enum VectorGap : byte
{
    /// <summary>It has a lookup vector there, and could have a better one.</summary>
    Lookup = 1,

    /// <summary>It has no vector there.</summary>
    Missing = 2,
}

/// <summary>Some of the chunks that lack something.</summary>
/// <param name="Chunks">At most as many as were asked for; fewer say nothing about what follows.</param>
/// <param name="Next">Where to go on; −1 at the end.</param>
public sealed record UnrefinedPage(IReadOnlyList<UnrefinedChunk> Chunks, int Next);

/// <summary>A chunk that could have a better vector.</summary>
/// <param name="Key">Its key.</param>
/// <param name="Version">The version that the text is of.</param>
/// <param name="Text">Its text, not empty.</param>
public sealed record UnrefinedChunk(ChunkKey Key, WriteStamp Version, string Text);
