using System.Buffers;

namespace Rag.Engine.Indexing;

/// <summary>Moves runs of records between slabs and streams, a segment at a time.</summary>
internal static unsafe class IndexStream
{
    private const int BufferBytes = 1 << 18;

    /// <summary>Writes rows 0…<paramref name="rows"/>−1; the writer may change them meanwhile.</summary>
    public static void Write(Stream stream, RowSlab.View slab, int stride, int rows)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(Math.Max(stride, BufferBytes));
        var batch = buffer.Length / stride;
        for (var row = 0; row < rows;)
        {
            var count = Math.Min(batch, RowSlab.View.Run(row, rows - row));
            slab.CopyTo(row, buffer.AsSpan(0, count * stride));
            stream.Write(buffer, 0, count * stride);
            row += count;
        }

        ArrayPool<byte>.Shared.Return(buffer);
    }

    /// <summary>Reads rows 0…<paramref name="rows"/>−1. Memory grows as data come, so a damaged count takes none.</summary>
    public static void Read(Stream stream, RowSlab slab, int rows)
    {
        for (var row = 0; row < rows;)
        {
            var count = RowSlab.View.Run(row, rows - row);
            slab.Reserve(row + count);
            ReadExactly(stream, new Span<byte>(slab.Current.At(row), count * slab.Stride));
            row += count;
        }
    }

    /// <exception cref="InvalidDataException">The stream ends too early.</exception>
    public static void ReadExactly(Stream stream, Span<byte> target)
    {
        if (stream.ReadAtLeast(target, target.Length, throwOnEndOfStream: false) < target.Length)
            throw new InvalidDataException("The saved index ends too early.");
    }
}
