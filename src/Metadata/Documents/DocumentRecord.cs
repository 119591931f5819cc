namespace Rag.Metadata;

/// <summary>A source that has been indexed. Immutable.</summary>
public sealed record DocumentRecord
{
    public required Guid WorkspaceUid { get; init; }

    /// <summary>1–256 bytes of UTF-8, unique in its workspace.</summary>
    public required string DocumentId { get; init; }

    public string Title { get; init; } = "";

    public string FileName { get; init; } = "";

    public string MediaType { get; init; } = "";

    /// <summary>The caller's metadata, encoded by the layer above; not looked into.</summary>
    public ReadOnlyMemory<byte> Metadata { get; init; }

    /// <summary>SHA-256 of the source's bytes.</summary>
    public required ReadOnlyMemory<byte> ContentHash { get; init; }

    /// <summary>
    /// What else decided about the chunks: chunker, chunking settings, model, metadata. Content and fingerprint both
    /// as before: indexing again would change nothing.
    /// </summary>
    public required ReadOnlyMemory<byte> Fingerprint { get; init; }

    public long SizeBytes { get; init; }

    public long Chunks { get; init; }

    /// <summary>The version that the commit of its generation answered with; rises with every replacement.</summary>
    public required long Version { get; init; }

    /// <summary>Set by the store when the document is first recorded.</summary>
    public DateTimeOffset CreateTime { get; init; }

    /// <summary>Set by the store.</summary>
    public DateTimeOffset UpdateTime { get; init; }
}
