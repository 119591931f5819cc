using System.Buffers;
using System.IO.Pipelines;
using BenchmarkDotNet.Attributes;
using Grpc.Core;
using Grpc.Framing;

namespace Rag.Benchmarks;

/// <summary>Cost of framing one message, without any connection: writing it, and finding it in a full buffer.</summary>
[MemoryDiagnoser]
public class FramingBenchmarks
{
    private const int Messages = 1000;

    private readonly ArrayBufferWriter<byte> _output = new();
    private byte[] _payload = [];
    private byte[] _stream = [];

    /// <summary>Bytes of a message.</summary>
    [Params(64, 2048)]
    public int PayloadBytes { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _payload = new byte[PayloadBytes];
        Write();
        _stream = _output.WrittenSpan.ToArray();
    }

    [Benchmark(OperationsPerInvoke = Messages)]
    public int Write()
    {
        _output.ResetWrittenCount();
        for (var i = 0; i < Messages; i++)
            MessageSerializationContext.Write(_output, Serialize, _payload, MessageLimits.None, null);
        return _output.WrittenCount;
    }

    [Benchmark(OperationsPerInvoke = Messages)]
    public async Task<long> Read()
    {
        var reader = new MessageReader<object>(
            PipeReader.Create(new ReadOnlySequence<byte>(_stream)), Deserialize, MessageLimits.None, null);
        while (await reader.WaitAsync(default))
        {
            while (reader.TryReadBuffered(out _))
            {
            }
        }

        return reader.Count;
    }

    private static void Serialize(byte[] payload, SerializationContext context)
    {
        context.SetPayloadLength(payload.Length);
        context.GetBufferWriter().Write(payload);
        context.Complete();
    }

    private static object Deserialize(DeserializationContext context)
    {
        _ = context.PayloadAsReadOnlySequence().Length;
        return string.Empty;
    }
}
