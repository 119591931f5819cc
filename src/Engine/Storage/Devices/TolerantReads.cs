namespace Rag.Engine.Storage;

/// <summary>
/// Reads what can be read. At a start a sector that the device cannot give back counts as damaged, like one that comes
/// back wrong: checksums find it, its workspace is quarantined, and all others are served.
/// </summary>
internal static class TolerantReads
{
    private const int BlockBytes = 4096;

    /// <summary>Reads a buffer; blocks that cannot be read, and what no file holds, become zeros.</summary>
    public static void ReadTolerant(this SegmentFiles segments, long address, Span<byte> buffer)
    {
        try
        {
            segments.Read(address, buffer);
        }
        catch (IOException)
        {
            for (var at = 0; at < buffer.Length; at += BlockBytes)
                ReadBlock(segments, address + at, buffer.Slice(at, Math.Min(BlockBytes, buffer.Length - at)));
        }
    }

    /// <summary>Reads a whole file, up to a limit; blocks that cannot be read become zeros.</summary>
    public static byte[] ReadAllTolerant(this IStorageFile file, long limit)
    {
        var bytes = new byte[Math.Min(file.Length, limit)];
        try
        {
            file.Read(0, bytes);
        }
        catch (IOException)
        {
            for (var at = 0; at < bytes.Length; at += BlockBytes)
                ReadBlock(file, at, bytes.AsSpan(at, Math.Min(BlockBytes, bytes.Length - at)));
        }
        return bytes;
    }

    private static void ReadBlock(SegmentFiles segments, long address, Span<byte> block)
    {
        try
        {
            segments.Read(address, block);
        }
        catch (IOException)
        {
            block.Clear();
        }
    }

    private static void ReadBlock(IStorageFile file, long offset, Span<byte> block)
    {
        try
        {
            file.Read(offset, block);
        }
        catch (IOException)
        {
            block.Clear();
        }
    }
}
