namespace Rag.Engine.Storage;

/// <summary>How the mutation log uses disk and memory.</summary>
internal sealed record MutationLogOptions
{
    /// <summary>Bytes of a page of the log; 2 MiB. A record with its headers must fit.</summary>
    public const int PageBytes = 2 << 20;

    /// <summary>Most bytes of a payload before the codec.</summary>
    public const int MaxPayloadBytes = 1 << 20;

    /// <summary>Folder of the segments and the commit journal; made if it is missing.</summary>
    public required string Folder { get; init; }

    /// <summary>Bytes of the log's pages in memory; 8 MiB. A power of two, at least two pages.</summary>
    public long MemoryBytes { get; init; } = 8L << 20;

    /// <summary>Bytes of a segment file; 64 MiB. A power of two, at least a page.</summary>
    public long SegmentBytes { get; init; } = 64L << 20;

    /// <summary>Most payload bytes that wait for a group commit or for the sink; further appends wait; 16 MiB.
    /// </summary>
    public long PendingBytes { get; init; } = 16L << 20;

    /// <summary>Most records in one group commit; 4,096.</summary>
    public int MaxCommitRecords { get; init; } = 4096;

    /// <summary>Payload bytes after which a group commit is closed; 4 MiB.</summary>
    public int MaxCommitBytes { get; init; } = 4 << 20;

    /// <summary>Bytes of a file of the commit journal; 1 MiB, at least 512 KiB.</summary>
    public int JournalFileBytes { get; init; } = 1 << 20;

    /// <summary>Pause between attempts to reopen the log after a failure; 1 s.</summary>
    public TimeSpan ReopenInterval { get; init; } = TimeSpan.FromSeconds(1);
}
