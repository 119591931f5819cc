using System.Buffers;

namespace NATS.Client.Core;

/// <summary>Writes values as payloads. Thread-safe.</summary>
public interface INatsSerialize<in T>
{
    /// <summary>Writes a value.</summary>
    void Serialize(IBufferWriter<byte> bufferWriter, T value);
}

/// <summary>Reads values from payloads. Thread-safe.</summary>
public interface INatsDeserialize<out T>
{
    /// <summary>
    /// Reads a value from the read buffer itself: what is kept must be copied. Runs on the task that reads the
    /// connection. Not called for empty payloads.
    /// </summary>
    T? Deserialize(in ReadOnlySequence<byte> buffer);
}

/// <summary>Both directions.</summary>
public interface INatsSerializer<T> : INatsSerialize<T>, INatsDeserialize<T>;

/// <summary>Finds serializers by type.</summary>
public interface INatsSerializerRegistry
{
    /// <summary>What writes a type.</summary>
    INatsSerialize<T> GetSerializer<T>();

    /// <summary>What reads a type.</summary>
    INatsDeserialize<T> GetDeserializer<T>();
}
