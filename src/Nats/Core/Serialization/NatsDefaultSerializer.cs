using System.Buffers;

namespace NATS.Client.Core;

/// <summary>
/// Payloads of well-known types: bytes as they are (byte[], Memory, ReadOnlyMemory, ReadOnlySequence,
/// <see cref="NatsMemoryOwner{T}"/>, which is pooled and must be disposed), text as UTF-8, numbers and Guid as
/// invariant text. Any other type throws a <see cref="NatsException"/>: give <see cref="NatsJsonContextSerializer{T}"/>.
/// </summary>
public static class NatsDefaultSerializer<T>
{
    /// <summary>The serializer of T.</summary>
    public static readonly INatsSerializer<T> Default = (INatsSerializer<T>?)KnownSerializers.Of(typeof(T)) ?? new Unknown();

    private sealed class Unknown : INatsSerializer<T>
    {
        public void Serialize(IBufferWriter<byte> bufferWriter, T value) => throw Fault();

        public T Deserialize(in ReadOnlySequence<byte> buffer) => throw Fault();

        private static NatsException Fault() => new(
            $"There is no serializer for {typeof(T)}: pass a {nameof(NatsJsonContextSerializer<>)}, or one of your own.");
    }
}

/// <summary>The registry of <see cref="NatsDefaultSerializer{T}"/>.</summary>
public sealed class NatsDefaultSerializerRegistry : INatsSerializerRegistry
{
    /// <summary>The only instance.</summary>
    public static readonly NatsDefaultSerializerRegistry Default = new();

    private NatsDefaultSerializerRegistry()
    {
    }

    /// <inheritdoc/>
    public INatsSerialize<T> GetSerializer<T>() => NatsDefaultSerializer<T>.Default;

    /// <inheritdoc/>
    public INatsDeserialize<T> GetDeserializer<T>() => NatsDefaultSerializer<T>.Default;
}
