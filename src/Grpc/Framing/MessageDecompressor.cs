using System.Buffers;
using Grpc.Core;
using Grpc.Net.Compression;

namespace Grpc.Framing;

/// <summary>Unpacks payloads of one encoding, never beyond the receive limit. Thread-safe.</summary>
internal sealed class MessageDecompressor(ICompressionProvider provider)
{
    private const int StepBytes = 16 * 1024;

    /// <summary>The unpacked payload; the caller disposes it.</summary>
    /// <exception cref="RpcException">Too large (RESOURCE_EXHAUSTED) or not of this encoding (INTERNAL).</exception>
    public PooledBuffer Decompress(in ReadOnlySequence<byte> payload, MessageLimits limits)
    {
        var output = new PooledBuffer((int)Math.Clamp(payload.Length * 3, 256, 1 << 20));
        try
        {
            using var stream = provider.CreateDecompressionStream(new SequenceStream(payload));
            int count;
            while ((count = stream.Read(output.GetSpan(StepBytes))) > 0)
            {
                output.Advance(count);
                if (output.WrittenCount > limits.MaxReceive)
                    throw limits.DecompressedTooLarge();
            }

            return output;
        }
        catch (Exception e)
        {
            output.Dispose();
            if (e is InvalidDataException or IOException)
            {
                throw new RpcException(new Status(
                    StatusCode.Internal, $"A message marked as {provider.EncodingName} could not be unpacked.", e));
            }

            throw;
        }
    }
}
