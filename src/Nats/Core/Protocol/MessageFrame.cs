using System.Buffers;

namespace NATS.Client.Core.Protocol;

/// <summary>A message as it lies in the read buffer: valid only while it is handed over.</summary>
internal readonly ref struct MessageFrame
{
    public required ReadOnlySpan<byte> Subject { get; init; }

    public required long Sid { get; init; }

    /// <summary>Empty where there is none.</summary>
    public required ReadOnlySpan<byte> ReplyTo { get; init; }

    /// <summary>The block from NATS/1.0 to its empty line, or empty.</summary>
    public required ReadOnlySequence<byte> Headers { get; init; }

    public required ReadOnlySequence<byte> Payload { get; init; }

    public int Size => Subject.Length + ReplyTo.Length + (int)(Headers.Length + Payload.Length);
}
