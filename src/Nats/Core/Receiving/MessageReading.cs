using System.Buffers;
using System.Text;
using NATS.Client.Core.Protocol;

namespace NATS.Client.Core.Receiving;

/// <summary>Makes a message of a frame.</summary>
internal static class MessageReading
{
    public static NatsMsg<T> Read<T>(in MessageFrame frame, string subject, INatsDeserialize<T> serializer,
        INatsConnection connection)
    {
        var replyTo = frame.ReplyTo.IsEmpty ? null : Encoding.UTF8.GetString(frame.ReplyTo);
        NatsHeaders? headers;
        try
        {
            headers = frame.Headers.IsEmpty ? null : HeaderReader.Read(frame.Headers);
        }
        catch (NatsProtocolViolationException e)
        {
            // Servers pass on what publishers call headers: it is a fault of the message, not of the connection.
            var fault = new NatsHeaderParseException(e.Message, e);
            return new NatsMsg<T>(subject, replyTo, frame.Size, null, default, connection, fault);
        }

        if (frame.Payload.IsEmpty)
            return new NatsMsg<T>(subject, replyTo, frame.Size, headers, default, connection);
        try
        {
            var data = serializer.Deserialize(frame.Payload);
            return new NatsMsg<T>(subject, replyTo, frame.Size, headers, data, connection);
        }
#pragma warning disable CA1031 // A serializer may throw anything; it must not end the connection.
        catch (Exception e)
#pragma warning restore CA1031
        {
            var error = new NatsDeserializeException(frame.Payload.ToArray(), e);
            return new NatsMsg<T>(subject, replyTo, frame.Size, headers, default, connection, error);
        }
    }
}
