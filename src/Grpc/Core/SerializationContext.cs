using System.Buffers;

namespace Grpc.Core;

/// <summary>Where a marshaller puts one message. Used for that message only, by one thread.</summary>
public abstract class SerializationContext
{
    /// <summary>Gives the whole payload at once.</summary>
    public virtual void Complete(byte[] payload) => throw new NotSupportedException();

    /// <summary>A writer for the payload; <see cref="Complete()"/> follows.</summary>
    public virtual IBufferWriter<byte> GetBufferWriter() => throw new NotSupportedException();

    /// <summary>
    /// Says how many bytes will be written. A message whose length is known goes to the connection without a copy.
    /// </summary>
    public virtual void SetPayloadLength(int payloadLength)
    {
    }

    /// <summary>Ends the payload written to <see cref="GetBufferWriter"/>.</summary>
    public virtual void Complete() => throw new NotSupportedException();
}
