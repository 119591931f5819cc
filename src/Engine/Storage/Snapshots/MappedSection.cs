using System.Buffers;
using System.IO.MemoryMappedFiles;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Rag.Engine.Storage;

/// <summary>
/// A section of a snapshot that is read where it lies: in the address space, paged in and out by the operating system, or,
/// where it shares an open file, piece by piece until it is <see cref="Warm">warmed</see>. A block is verified when it is
/// first touched; that costs 10 µs once, a bit test afterwards. Thread-safe for readers; dispose it only when no reader
/// can still hold a span or the pointer. The finalizer lets go of what nobody did.
/// <code>
/// large, or no file is kept    mapped from the beginning, no handle held
/// small                        Read: a call of the system, no page of ours ── Warm ──▶ mapped ── Cool ──▶ Read
/// </code>
/// </summary>
internal sealed unsafe partial class MappedSection : IDisposable
{
    private const long PieceBytes = 4L << 20;
    private const int DontNeed = 4; // MADV_DONTNEED

    private readonly SnapshotSection _section;
    private readonly ulong[] _verified;
    private SectionFile? _file;
    private MemoryMappedViewAccessor? _view;
    private byte* _pointer;
    private volatile bool _isWarm;

    private MappedSection(SnapshotSection section, SectionFile? file)
    {
        _section = section;
        _file = file?.Use();
        _verified = new ulong[(section.Checksums.Length + 63) / 64];
    }

    ~MappedSection() => Unmap();

    /// <summary>Bytes of the section.</summary>
    public long Length => _section.PlainLength;

    /// <summary>Whether it is in the address space for good, or for now: readers take <see cref="Pointer"/> then, and
    /// <see cref="Read"/> otherwise.</summary>
    public bool IsWarm => _isWarm;

    /// <summary>The first byte, aligned to 4,096, of a section that is or was warm. What is read through it must be
    /// verified first.</summary>
    public byte* Pointer => _pointer;

    /// <param name="path">The snapshot.</param>
    /// <param name="section">What to read of it.</param>
    /// <param name="file">The same file, kept open; null to map the section at once.</param>
    internal static MappedSection Open(string path, SnapshotSection section, SectionFile? file)
    {
        if (section.PlainLength == 0)
            return new MappedSection(section, null) { _isWarm = true };
        try
        {
            if (file is null)
            {
                using var handle = SectionFile.OpenHandle(path);
                // Touching a page behind the end of a file kills the process: the length is checked before it is mapped.
                CheckLength(section, RandomAccess.GetLength(handle));
                var mapped = new MappedSection(section, null);
                mapped.Map(handle);
                mapped._isWarm = true;
                return mapped;
            }

            CheckLength(section, file.Length);
            return new MappedSection(section, file);
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new CorruptDataException($"The snapshot {Path.GetFileName(path)} is missing.", exception);
        }
    }

    /// <summary>Bytes of the section, verified. Only while it is warm.</summary>
    /// <exception cref="CorruptDataException">A block that they touch is damaged.</exception>
    /// <exception cref="ArgumentOutOfRangeException">They lie outside the section.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ReadOnlySpan<byte> Slice(long offset, int length)
    {
        Verify(offset, length);
        return new ReadOnlySpan<byte>(_pointer + offset, length);
    }

    /// <summary>Copies bytes of the section, verified, without a page of it in the address space.</summary>
    /// <exception cref="CorruptDataException">A block that they touch is damaged.</exception>
    /// <exception cref="ArgumentOutOfRangeException">They lie outside the section.</exception>
    /// <exception cref="IOException">The device failed.</exception>
    public void Read(long offset, Span<byte> to)
    {
        Verify(offset, to.Length);
        ReadPlain(offset, to);
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

    /// <summary>Verifies every block, and brings the pages of a warm section into the address space.</summary>
    /// <exception cref="CorruptDataException">A block is damaged.</exception>
    public void VerifyAll(WorkPace pace)
    {
        for (var offset = 0L; offset < Length; offset += SnapshotFormat.BlockLength)
        {
            Verify(offset, 1);
            pace.Note(SnapshotFormat.BlockLength);
        }
    }

    /// <summary>Reads it through the address space from now on, where there is room for that.</summary>
    public void Warm()
    {
        if (_file is not { } file)
            return;
        lock (_verified)
        {
            try
            {
                if (_view is null)
                    Map(file.Handle);
                _isWarm = true;
            }
            catch (IOException)
            {
                // The system gives a process so many maps only; without one it goes on as it is.
            }
        }
    }

    /// <summary>
    /// Takes the pages out of the address space, not out of the system's cache of files, and reads piece by piece from now
    /// on where there is a file for that. Whoever still holds the pointer brings some back. Not after it was disposed:
    /// other memory may lie there.
    /// </summary>
    public void Cool()
    {
        if (_file is not null)
            _isWarm = false;
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
        Interlocked.Exchange(ref _file, null)?.Release();
        Unmap();
        GC.SuppressFinalize(this);
    }

    private static void CheckLength(SnapshotSection section, long fileLength)
    {
        if (fileLength < section.Offset + section.StoredLength)
            throw new CorruptDataException($"Section {section.Name} of the snapshot is cut short.");
    }

    private void Map(SafeFileHandle handle)
    {
        // The view keeps the mapping alive by itself; neither map object nor file handle is needed afterwards.
        using var map = MemoryMappedFile.CreateFromFile(
            handle, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: true);
        _view = map.CreateViewAccessor(_section.Offset, Length, MemoryMappedFileAccess.Read);
        byte* pointer = null;
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref pointer);
        _pointer = pointer + _view.PointerOffset;
    }

    private void Unmap()
    {
        _isWarm = false;
        if (_pointer == null)
            return;
        _pointer = null;
        _view!.SafeMemoryMappedViewHandle.ReleasePointer();
        _view.Dispose();
    }

    private void ReadPlain(long offset, Span<byte> to)
    {
        if (_file is { } file)
        {
            file.Read(_section.Offset + offset, to);
            return;
        }

        ObjectDisposedException.ThrowIf(_pointer == null, this);
        new ReadOnlySpan<byte>(_pointer + offset, to.Length).CopyTo(to);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void VerifyBlock(int block)
    {
        var start = (long)block * SnapshotFormat.BlockLength;
        var length = (int)Math.Min(SnapshotFormat.BlockLength, Length - start);
        if (Checksum(start, length) != _section.Checksums[block])
            throw new CorruptDataException($"Block {block} of section {_section.Name} of the snapshot is damaged.");
        Interlocked.Or(ref _verified[block >> 6], 1UL << (block & 63));
    }

    private uint Checksum(long start, int length)
    {
        if (_isWarm)
        {
            ObjectDisposedException.ThrowIf(_pointer == null, this);
            return Crc32C.Of(new ReadOnlySpan<byte>(_pointer + start, length));
        }

        var buffer = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            ReadPlain(start, buffer.AsSpan(0, length));
            return Crc32C.Of(buffer.AsSpan(0, length));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(nint address, nuint length, int advice);
}
