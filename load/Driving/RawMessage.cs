using System.Buffers;
using Grpc.Core;
using Rag.Hosting.Wire;

namespace Rag.Load.Driving;

/// <summary>A message that is bytes already, and a method that sends and gets such.</summary>
internal sealed class RawMessage
{
    /// <summary>rag.v1.SearchService.</summary>
    public const string SearchService = "rag.v1.SearchService";

    /// <summary>What a method's answers are where whoever reads them has seen their bytes.</summary>
    private static readonly RawMessage Seen = new();

    public WireBuffer Bytes { get; } = new();

    /// <summary>Takes bytes in place of what it holds.</summary>
    public void Set(ReadOnlySpan<byte> bytes)
    {
        Bytes.Clear();
        bytes.CopyTo(Bytes.GetSpan(bytes.Length));
        Bytes.Advance(bytes.Length);
    }

    /// <summary>A method.</summary>
    /// <param name="type">Its type.</param>
    /// <param name="service">The service's full name.</param>
    /// <param name="name">Its name.</param>
    /// <param name="sent">Gets each request back once it was written.</param>
    /// <param name="see">Sees the bytes of each answer.</param>
    public static Method<RawMessage, RawMessage> Method(
        MethodType type, string service, string name, Action<RawMessage> sent, Action<ReadOnlySequence<byte>> see) => new(
            type, service, name,
            new Marshaller<RawMessage>(
                (message, context) =>
                {
                    context.SetPayloadLength(message.Bytes.Length);
                    context.GetBufferWriter().Write(message.Bytes.Written);
                    context.Complete();
                    sent(message);
                },
                static _ => throw new NotSupportedException("Requests are not read here.")),
            new Marshaller<RawMessage>(
                static (_, _) => throw new NotSupportedException("Answers are not written here."),
                context =>
                {
                    see(context.PayloadAsReadOnlySequence());
                    return Seen;
                }));
}
