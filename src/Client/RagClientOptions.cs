namespace Rag.Client;

/// <summary>How a <see cref="RagClient"/> calls.</summary>
public sealed class RagClientOptions
{
    /// <summary>How long one call may take, its retries included. Streams have no limit. Default 60 s.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>When and how often a call that may be repeated is repeated.</summary>
    public RetryPolicy Retry { get; init; } = new();

    /// <summary>Largest request and answer in bytes. Default 64 MiB.</summary>
    public int MaxMessageBytes { get; init; } = 64 * 1024 * 1024;

    /// <summary>Clock of deadlines and back-off.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}
