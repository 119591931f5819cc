using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Rag.Engine.Storage;

/// <summary>
/// A snapshot's file that stays open for the sections that are read from it piece by piece. They share it, and the last
/// one closes it. Thread-safe.
/// </summary>
internal sealed partial class SectionFile
{
    // Of the handles that the process may have: connections and logs need some, too.
    private const int LimitShare = 2;
    private const int MostOpen = 32 << 10;

    private static readonly int MaxOpen = (int)Math.Min(MostOpen, HandleLimit() / LimitShare);
    private static int s_open;

    private readonly SafeFileHandle _handle;
    private readonly long _length;
    private int _users;

    private SectionFile(SafeFileHandle handle)
    {
        _handle = handle;
        _length = RandomAccess.GetLength(handle);
    }

    ~SectionFile() => Interlocked.Decrement(ref s_open);

    /// <summary>Bytes of the file.</summary>
    public long Length => _length;

    /// <summary>For maps of it.</summary>
    public SafeFileHandle Handle => _handle;

    /// <summary>Opens a file; null if as many are open as may be.</summary>
    /// <exception cref="FileNotFoundException">There is none.</exception>
    public static SectionFile? TryOpen(string path)
    {
        SafeFileHandle? handle = null;
        try
        {
            if (Interlocked.Increment(ref s_open) <= MaxOpen)
                handle = OpenHandle(path);
        }
        finally
        {
            if (handle is null)
                Interlocked.Decrement(ref s_open);
        }

        return handle is null ? null : new SectionFile(handle);
    }

    /// <summary>Opens a file that is closed by its caller.</summary>
    /// <exception cref="FileNotFoundException">There is none.</exception>
    public static SafeFileHandle OpenHandle(string path) =>
        File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);

    /// <summary>Counts one more user, who has to <see cref="Release"/> it.</summary>
    public SectionFile Use()
    {
        Interlocked.Increment(ref _users);
        return this;
    }

    public void Release()
    {
        if (Interlocked.Decrement(ref _users) > 0)
            return;
        _handle.Dispose();
        Interlocked.Decrement(ref s_open);
        GC.SuppressFinalize(this);
    }

    /// <summary>Fills the buffer.</summary>
    /// <exception cref="CorruptDataException">The file ends before.</exception>
    /// <exception cref="IOException">The device failed.</exception>
    public void Read(long offset, Span<byte> to)
    {
        while (!to.IsEmpty)
        {
            var read = RandomAccess.Read(_handle, to, offset);
            if (read == 0)
                throw new CorruptDataException("The snapshot ends early.");
            offset += read;
            to = to[read..];
        }
    }

    // .NET raises the soft limit to the hard one when it starts.
    private static long HandleLimit()
    {
        var resource = OperatingSystem.IsLinux() ? 7 : OperatingSystem.IsMacOS() ? 8 : -1; // RLIMIT_NOFILE
        return resource >= 0 && GetLimit(resource, out var limit) == 0 ? (long)Math.Min(limit.Soft, int.MaxValue) : MostOpen;
    }

    [LibraryImport("libc", EntryPoint = "getrlimit")]
    private static partial int GetLimit(int resource, out Limit limit);

    [StructLayout(LayoutKind.Sequential)]
    private struct Limit
    {
        public nuint Soft;
        public nuint Hard;
    }
}
