using System.Buffers;

namespace Rag.Engine.Storage;

/// <summary>
/// Opens a snapshot file: reads header, footer and directory, verified; sections are verified block by block when they
/// are read. Holds the file open until it is disposed; maps live on. Thread-safe, but not its streams.
/// </summary>
internal sealed class SnapshotReader : IDisposable
{
    private readonly IStorageFile _file;
    private readonly IPayloadCodec _codec;
    private readonly string _path;
    private readonly Dictionary<string, SnapshotSection> _sections;
    private SectionFile? _shared;
    private bool _isSharedTried;

    private SnapshotReader(
        IStorageFile file, IPayloadCodec codec, string path, SnapshotHeader header,
        Dictionary<string, SnapshotSection> sections)
    {
        _file = file;
        _codec = codec;
        _path = path;
        Header = header;
        _sections = sections;
    }

    public SnapshotHeader Header { get; }

    /// <summary>Bytes of the file.</summary>
    public long Length => _file.Length;

    /// <summary>Opens a snapshot.</summary>
    /// <exception cref="CorruptDataException">The file is missing, cut short, damaged, or of another slice.</exception>
    public static SnapshotReader Open(
        IStorageFileSystem files, string path, SliceId expected, IPayloadCodec codec)
    {
        var file = OpenFile(files, path);
        try
        {
            Span<byte> head = stackalloc byte[SnapshotHeader.Length];
            head = head[..file.Read(0, head)];
            var header = SnapshotHeader.Read(head);
            if (header.Slice != expected)
                throw new CorruptDataException($"The snapshot is of slice {header.Slice}, not {expected}.");
            return new SnapshotReader(file, codec, path, header, ReadDirectory(file, codec, header, head));
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Reads a snapshot's header alone, to find out what a file is.</summary>
    /// <exception cref="CorruptDataException">The header is damaged.</exception>
    public static SnapshotHeader ReadHeader(IStorageFileSystem files, string path)
    {
        using var file = OpenFile(files, path);
        Span<byte> head = stackalloc byte[SnapshotHeader.Length];
        return SnapshotHeader.Read(head[..file.Read(0, head)]);
    }

    /// <summary>Whether there is such a section.</summary>
    public bool Has(string name) => _sections.ContainsKey(name);

    /// <summary>Whether a section is one that can be mapped.</summary>
    public bool IsMapped(string name) => Find(name).Kind == SectionKind.Mapped;

    /// <summary>Plain bytes of a section.</summary>
    public long LengthOf(string name) => Find(name).PlainLength;

    /// <summary>Reads a section front to back; blocks are verified on the way.</summary>
    /// <exception cref="CorruptDataException">There is no such section; or, on reading, a block is damaged.</exception>
    public Stream OpenSection(string name)
    {
        var section = Find(name);
        return section.Kind == SectionKind.Stream
            ? new StreamSectionReader(_file, _codec, Header.Slice.WorkspaceUid, section)
            : new MappedSectionReader(_file, section);
    }

    /// <summary>Maps a section; its blocks are verified when they are first touched.</summary>
    /// <param name="name">The section.</param>
    /// <param name="isSmall">It is to be read piece by piece until it is warmed, from a file that stays open for all
    /// small sections of the snapshot. Not thread-safe.</param>
    /// <exception cref="CorruptDataException">There is no such section, or it is not a mapped one.</exception>
    public MappedSection Map(string name, bool isSmall = false)
    {
        var section = Find(name);
        if (section.Kind != SectionKind.Mapped)
            throw new CorruptDataException($"Section {name} of the snapshot is not a mapped one.");
        return MappedSection.Open(_path, section, isSmall ? Shared() : null);
    }

    /// <summary>Reads the file as it is; returns how many bytes were read.</summary>
    public int ReadRaw(long offset, Span<byte> to) => _file.Read(offset, to);

    /// <summary>Reads and verifies every block of every section, for scrubbing and for tests.</summary>
    /// <exception cref="CorruptDataException">A block is damaged.</exception>
    public void VerifyAll(CancellationToken cancellationToken)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(SnapshotFormat.BlockLength);
        try
        {
            foreach (var name in _sections.Keys)
            {
                using var section = OpenSection(name);
                while (section.Read(buffer, 0, buffer.Length) > 0)
                    cancellationToken.ThrowIfCancellationRequested();
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    public void Dispose()
    {
        _file.Dispose();
        _shared?.Release();
    }

    // Null where as many files as may be are open.
    private SectionFile? Shared()
    {
        if (_isSharedTried)
            return _shared;
        _isSharedTried = true;
        try
        {
            return _shared = SectionFile.TryOpen(_path)?.Use();
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new CorruptDataException($"The snapshot {Path.GetFileName(_path)} is missing.", exception);
        }
    }

    private static IStorageFile OpenFile(IStorageFileSystem files, string path)
    {
        try
        {
            return files.OpenRead(path);
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new CorruptDataException($"The snapshot {Path.GetFileName(path)} is missing.", exception);
        }
    }

    private static Dictionary<string, SnapshotSection> ReadDirectory(
        IStorageFile file, IPayloadCodec codec, SnapshotHeader header, ReadOnlySpan<byte> head)
    {
        var fileLength = file.Length;
        if (fileLength < SnapshotHeader.Length + SnapshotFormat.FooterLength)
            throw new CorruptDataException("The snapshot is cut short.");
        Span<byte> footer = stackalloc byte[SnapshotFormat.FooterLength];
        if (file.Read(fileLength - footer.Length, footer) != footer.Length)
            throw new CorruptDataException("The snapshot is cut short.");
        var (offset, length) = SnapshotFormat.ReadFooter(footer, head, fileLength);
        var encoded = new byte[length];
        if (file.Read(offset, encoded) != length)
            throw new CorruptDataException("The snapshot is cut short.");
        var plain = new byte[codec.PlainLength(encoded)];
        codec.Decode(header.Slice.WorkspaceUid, encoded, plain);
        return SnapshotFormat.DecodeDirectory(plain, offset);
    }

    private SnapshotSection Find(string name) =>
        _sections.TryGetValue(name, out var section)
            ? section
            : throw new CorruptDataException($"The snapshot has no section {name}.");
}
