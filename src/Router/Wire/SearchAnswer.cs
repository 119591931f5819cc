using Google.Protobuf;
using Grpc.Core;
using Microsoft.Extensions.ObjectPool;
using Rag.Hosting.Wire;

namespace Rag.Router.Wire;

/// <summary>
/// An answer on its way to the socket: bytes in memory that is used again once they were sent, or a message. Not
/// thread-safe.
/// </summary>
internal sealed class SearchAnswer
{
    private static readonly ObjectPool<SearchAnswer> Pool =
        new DefaultObjectPool<SearchAnswer>(new DefaultPooledObjectPolicy<SearchAnswer>(), 128);

    /// <summary>What a call returns that is refused: nobody sends it, nor gives it back.</summary>
    public static SearchAnswer None { get; } = new();

    /// <summary>The answer where there is no <see cref="Message"/>.</summary>
    public WireBuffer Bytes { get; } = new();

    public IMessage? Message { get; private set; }

    /// <summary>An answer to be filled.</summary>
    public static SearchAnswer Rent() => Pool.Get();

    /// <summary>An answer that is a message.</summary>
    public static SearchAnswer Of(IMessage message)
    {
        var answer = Pool.Get();
        answer.Message = message;
        return answer;
    }

    /// <summary>Gives it back; it must not be used any more.</summary>
    public void Return()
    {
        Bytes.Clear();
        Message = null;
        Pool.Return(this);
    }

    /// <summary>Writes it out and gives it back.</summary>
    public static void Write(SearchAnswer answer, SerializationContext context)
    {
        if (answer.Message is { } message)
        {
            context.SetPayloadLength(message.CalculateSize());
            message.WriteTo(context.GetBufferWriter());
        }
        else
        {
            var bytes = answer.Bytes.Written;
            context.SetPayloadLength(bytes.Length);
            System.Buffers.BuffersExtensions.Write(context.GetBufferWriter(), bytes);
        }

        context.Complete();
        answer.Return();
    }
}
