using Microsoft.Win32.SafeHandles;

namespace Rag.Engine.Storage;

/// <summary>A file of the machine's own.</summary>
internal sealed class LocalFile(SafeFileHandle handle) : IStorageFile
{
    public long Length => RandomAccess.GetLength(handle);

    public int Read(long offset, Span<byte> buffer)
    {
        var done = 0;
        while (done < buffer.Length)
        {
            var read = RandomAccess.Read(handle, buffer[done..], offset + done);
            if (read == 0)
                break;
            done += read;
        }
        return done;
    }

    public void Write(long offset, ReadOnlySpan<byte> bytes) => RandomAccess.Write(handle, bytes, offset);

    public void SetLength(long length) => RandomAccess.SetLength(handle, length);

    public void Sync() => PosixSync.Data(handle);

    public void Dispose() => handle.Dispose();
}
