using System.IO.MemoryMappedFiles;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Rag.Engine.Storage;

/// <summary>
/// A section of a snapshot in the address space: read-only, paged in and out by the operating system, no file handle
/// held. A block is verified when it is first touched; that costs 10 µs once, a bit test afterwards. Thread-safe for
/// readers; dispose it only when no reader can still hold a span or the pointer. The finalizer unmaps what nobody did.
/// </summary>
internal sealed unsafe partial class MappedSection : IDisposable
{
    private const long PieceBytes = 4L << 20;
    private const int DontNeed = 4; // MADV_DONTNEED

    private readonly SnapshotSection _section;
    private readonly ulong[] _verified;
    private readonly MemoryMappedViewAccessor? _view;
    private byte* _pointer;

    private MappedSection(SnapshotSection section, MemoryMappedViewAccessor? view)
    {
        _section = section;
        _view = view;
        _verified = new ulong[(section.Checksums.Length + 63) / 64];
        if (view is null)
            return;
        view.SafeMemoryMappedViewHandle.AcquirePointer(ref _pointer);
        _pointer += view.PointerOffset;
    }

    ~MappedSection() => Unmap();

    /// <summary>Bytes of the section.</summary>
    public long Length => _section.PlainLength;

    /// <summary>The first byte; aligned to 4,096. What is read through it must be verified first.</summary>
    public byte* Pointer => _pointer;

    internal static MappedSection Open(string path, SnapshotSection section)
    {
        if (section.PlainLength == 0)
            return new MappedSection(section, null);
        try
        {
            using var handle = File.OpenHandle(
                path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            // Touching a page behind the end of a file kills the process: the length is checked before it is mapped.
            if (RandomAccess.GetLength(handle) < section.Offset + section.StoredLength)
                throw new CorruptDataException($"Section {section.Name} of the snapshot is cut short.");
            return Map(handle, section);
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new CorruptDataException($"The snapshot {Path.GetFileName(path)} is missing.", exception);
        }
    }

    /// <summary>Bytes of the section, verified.</summary>
    /// <exception cref="CorruptDataException">A block that they touch is damaged.</exception>
    /// <exception cref="ArgumentOutOfRangeException">They lie outside the section.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ReadOnlySpan<byte> Slice(long offset, int length)
    {
        Verify(offset, length);
        return new ReadOnlySpan<byte>(_pointer + offset, length);
    }

    /// <summary>Verifies the blocks that a range touches, once for each block.</summary>
    /// <exception cref="CorruptDataException">One is damaged; it is found so each time.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Verify(long offset, int length)
    {
        if ((ulong)offset > (ulong)Length || (ulong)length > (ulong)(Length - offset))
            throw new ArgumentOutOfRangeException(nameof(offset), "The range lies outside the section.");
        if (length == 0)
            return;
        var last = (int)((offset + length - 1) / SnapshotFormat.BlockLength);
        for (var block = (int)(offset / SnapshotFormat.BlockLength); block <= last; block++)
        {
            if ((Volatile.Read(ref _verified[block >> 6]) >> (block & 63) & 1) == 0)
                VerifyBlock(block);
        }
    }

    /// <summary>Verifies every block, and with it brings the pages into the address space.</summary>
    /// <exception cref="CorruptDataException">A block is damaged.</exception>
    public void VerifyAll(WorkPace pace)
    {
        for (var offset = 0L; offset < Length; offset += SnapshotFormat.BlockLength)
        {
            Verify(offset, 1);
            pace.Note(SnapshotFormat.BlockLength);
        }
    }

    /// <summary>
    /// Takes the pages out of the address space, not out of the system's cache of files: the next touch brings them back,
    /// sixteen at a time. What was verified stays so. Not after it was disposed: other memory may lie there.
    /// </summary>
    public void ReleasePages()
    {
        if (_pointer != null && OperatingSystem.IsLinux())
            _ = Advise((nint)_pointer, (nuint)Length, DontNeed); // a hint
        GC.KeepAlive(this);
    }

    /// <summary>
    /// <see cref="Dispose"/> for a large section, piece by piece: to unmap a gigabyte at once takes the system 100 ms, in
    /// which whoever else needs the address space, the garbage collector with every thread stopped, waits for it.
    /// </summary>
    public void Dispose(WorkPace pace)
    {
        if (_pointer != null && OperatingSystem.IsLinux())
        {
            for (var offset = 0L; offset < Length; offset += PieceBytes)
            {
                var length = Math.Min(PieceBytes, Length - offset);
                _ = Advise((nint)(_pointer + offset), (nuint)length, DontNeed); // where it fails, all goes at once below
                pace.Note(length);
            }
        }

        Dispose();
    }

    public void Dispose()
    {
        Unmap();
        GC.SuppressFinalize(this);
    }

    private void Unmap()
    {
        if (_pointer == null)
            return;
        _pointer = null;
        _view!.SafeMemoryMappedViewHandle.ReleasePointer();
        _view.Dispose();
    }

    private static MappedSection Map(SafeFileHandle handle, SnapshotSection section)
    {
        // The view keeps the mapping alive by itself; neither map object nor file handle is needed afterwards.
        using var map = MemoryMappedFile.CreateFromFile(
            handle, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: true);
        var view = map.CreateViewAccessor(section.Offset, section.PlainLength, MemoryMappedFileAccess.Read);
        return new MappedSection(section, view);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void VerifyBlock(int block)
    {
        ObjectDisposedException.ThrowIf(_pointer == null, this);
        var start = (long)block * SnapshotFormat.BlockLength;
        var length = (int)Math.Min(SnapshotFormat.BlockLength, Length - start);
        if (Crc32C.Of(new ReadOnlySpan<byte>(_pointer + start, length)) != _section.Checksums[block])
            throw new CorruptDataException($"Block {block} of section {_section.Name} of the snapshot is damaged.");
        Interlocked.Or(ref _verified[block >> 6], 1UL << (block & 63));
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(nint address, nuint length, int advice);
}
