using System.Buffers;
using System.Globalization;
using System.Text;

namespace NATS.Client.Core;

/// <summary>What <see cref="NatsDefaultSerializer{T}"/> can write and read.</summary>
internal static class KnownSerializers
{
    private const int MaxNumberBytes = 128;

    private static readonly Dictionary<Type, object> ByType = new()
    {
        [typeof(byte[])] = new Bytes(),
        [typeof(Memory<byte>)] = new MemoryOfBytes(),
        [typeof(ReadOnlyMemory<byte>)] = new ReadOnlyMemoryOfBytes(),
        [typeof(ReadOnlySequence<byte>)] = new SequenceOfBytes(),
        [typeof(NatsMemoryOwner<byte>)] = new Pooled(),
        [typeof(string)] = new Text(),
        [typeof(int)] = new Number<int>(),
        [typeof(uint)] = new Number<uint>(),
        [typeof(long)] = new Number<long>(),
        [typeof(ulong)] = new Number<ulong>(),
        [typeof(short)] = new Number<short>(),
        [typeof(ushort)] = new Number<ushort>(),
        [typeof(float)] = new Number<float>(),
        [typeof(double)] = new Number<double>(),
        [typeof(decimal)] = new Number<decimal>(),
        [typeof(Guid)] = new Number<Guid>(),
    };

    public static object? Of(Type type) => ByType.GetValueOrDefault(type);

    private sealed class Bytes : INatsSerializer<byte[]>, IPayloadView<byte[]>
    {
        public ReadOnlySpan<byte> View(byte[] value) => value;

        public void Serialize(IBufferWriter<byte> bufferWriter, byte[] value) => bufferWriter.Write(value);

        public byte[] Deserialize(in ReadOnlySequence<byte> buffer) => buffer.ToArray();
    }

    private sealed class MemoryOfBytes : INatsSerializer<Memory<byte>>, IPayloadView<Memory<byte>>
    {
        public ReadOnlySpan<byte> View(Memory<byte> value) => value.Span;

        public void Serialize(IBufferWriter<byte> bufferWriter, Memory<byte> value) => bufferWriter.Write(value.Span);

        public Memory<byte> Deserialize(in ReadOnlySequence<byte> buffer) => buffer.ToArray();
    }

    private sealed class ReadOnlyMemoryOfBytes : INatsSerializer<ReadOnlyMemory<byte>>, IPayloadView<ReadOnlyMemory<byte>>
    {
        public ReadOnlySpan<byte> View(ReadOnlyMemory<byte> value) => value.Span;

        public void Serialize(IBufferWriter<byte> bufferWriter, ReadOnlyMemory<byte> value) => bufferWriter.Write(value.Span);

        public ReadOnlyMemory<byte> Deserialize(in ReadOnlySequence<byte> buffer) => buffer.ToArray();
    }

    private sealed class SequenceOfBytes : INatsSerializer<ReadOnlySequence<byte>>
    {
        public void Serialize(IBufferWriter<byte> bufferWriter, ReadOnlySequence<byte> value)
        {
            foreach (var part in value)
                bufferWriter.Write(part.Span);
        }

        public ReadOnlySequence<byte> Deserialize(in ReadOnlySequence<byte> buffer) => new(buffer.ToArray());
    }

    private sealed class Pooled : INatsSerializer<NatsMemoryOwner<byte>>, IPayloadView<NatsMemoryOwner<byte>>
    {
        public ReadOnlySpan<byte> View(NatsMemoryOwner<byte> value) => value.Span;

        public void Serialize(IBufferWriter<byte> bufferWriter, NatsMemoryOwner<byte> value) => bufferWriter.Write(value.Span);

        public NatsMemoryOwner<byte> Deserialize(in ReadOnlySequence<byte> buffer)
        {
            var owner = NatsMemoryOwner<byte>.Allocate((int)buffer.Length);
            buffer.CopyTo(owner.Span);
            return owner;
        }
    }

    private sealed class Text : INatsSerializer<string>
    {
        public void Serialize(IBufferWriter<byte> bufferWriter, string value) => Encoding.UTF8.GetBytes(value, bufferWriter);

        public string Deserialize(in ReadOnlySequence<byte> buffer) => Encoding.UTF8.GetString(buffer);
    }

    private sealed class Number<T> : INatsSerializer<T>
        where T : IUtf8SpanFormattable, IUtf8SpanParsable<T>
    {
        public void Serialize(IBufferWriter<byte> bufferWriter, T value)
        {
            value.TryFormat(bufferWriter.GetSpan(MaxNumberBytes), out var bytes, default, CultureInfo.InvariantCulture);
            bufferWriter.Advance(bytes);
        }

        public T Deserialize(in ReadOnlySequence<byte> buffer)
        {
            if (buffer.Length > MaxNumberBytes)
                throw new NatsException($"A payload of {buffer.Length} bytes is no {typeof(T).Name}.");
            Span<byte> bytes = stackalloc byte[(int)buffer.Length];
            buffer.CopyTo(bytes);
            return T.TryParse(bytes, CultureInfo.InvariantCulture, out var value)
                ? value
                : throw new NatsException($"The payload is no {typeof(T).Name}.");
        }
    }
}
