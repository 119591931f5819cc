using System.Buffers;

namespace Rag.Nats.Tests.Protocol;

/// <summary>Bytes in several pieces, as a pipe holds them.</summary>
internal sealed class Segments : ReadOnlySequenceSegment<byte>
{
    private Segments(ReadOnlyMemory<byte> memory, long index)
    {
        Memory = memory;
        RunningIndex = index;
    }

    /// <summary>Cuts the bytes at ascending positions.</summary>
    public static ReadOnlySequence<byte> Of(ReadOnlyMemory<byte> bytes, IEnumerable<int> cuts)
    {
        Segments? first = null, last = null;
        var start = 0;
        foreach (var cut in cuts.Append(bytes.Length))
        {
            if (cut <= start && cut != bytes.Length)
                continue;
            var next = new Segments(bytes[start..cut], start);
            if (last is not null)
                last.Next = next;
            first ??= next;
            last = next;
            start = cut;
        }

        return new ReadOnlySequence<byte>(first!, 0, last!, last!.Memory.Length);
    }
}
