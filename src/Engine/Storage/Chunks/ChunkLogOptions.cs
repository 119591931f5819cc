namespace Rag.Engine.Storage;

/// <summary>How the chunk log uses disk and memory.</summary>
internal sealed record ChunkLogOptions
{
    /// <summary>Bytes of a page of the log; 2 MiB. A record with its headers must fit.</summary>
    public const int PageBytes = 2 << 20;

    /// <summary>Most bytes of a payload before the codec.</summary>
    public const int MaxPayloadBytes = 1 << 20;

    /// <summary>Folder of the segments; made if it is missing.</summary>
    public required string Folder { get; init; }

    /// <summary>Bytes of the log's pages in memory; 8 MiB. A power of two, at least two pages.</summary>
    public long MemoryBytes { get; init; } = 8L << 20;

    /// <summary>Bytes of a segment file; 64 MiB. A power of two, at least a page.</summary>
    public long SegmentBytes { get; init; } = 64L << 20;

    /// <summary>Bytes of records that are kept in memory until they have been handed to the file; a write behind is
    /// started by then; 1 MiB.</summary>
    public int WriteBehindBytes { get; init; } = 1 << 20;

    /// <summary>Bytes of records that are kept in memory while the device fails, before appends fail; 64 MiB.</summary>
    public long MaxUnwrittenBytes { get; init; } = 64L << 20;

    /// <summary>Pause between attempts to go on after a failure; 1 s.</summary>
    public TimeSpan RecoveryInterval { get; init; } = TimeSpan.FromSeconds(1);
}
