using System.Buffers;
using System.Text;

namespace Rag.Engine.Storage;

/// <summary>
/// Writes a snapshot file (layout: <see cref="SnapshotFormat"/>) under a temporary name; <see cref="Complete"/> makes
/// it durable under its own. Sections are written one after the other: dispose the stream of one before the next
/// begins. A writer that is disposed before it is complete leaves nothing behind. Not thread-safe.
/// </summary>
internal sealed class SnapshotWriter : IDisposable
{
    /// <summary>Ending of files that were never finished; a sweep at start deletes them.</summary>
    public const string TemporarySuffix = ".tmp";

    private readonly IStorageFileSystem _files;
    private readonly IPayloadCodec _codec;
    private readonly string _path;
    private readonly string _temporaryPath;
    private readonly SnapshotHeader _header;
    private readonly List<SnapshotSection> _sections = [];
    private readonly HashSet<string> _names = new(StringComparer.Ordinal);
    private readonly BufferedFileWriter _file;
    private bool _sectionOpen;
    private bool _complete;
    private bool _disposed;

    public SnapshotWriter(
        IStorageFileSystem files, string path, SnapshotHeader header, IPayloadCodec codec, WorkPace? pace = null)
    {
        _files = files;
        _path = path;
        _temporaryPath = path + TemporarySuffix;
        _header = header;
        _codec = codec;
        _files.CreateFolder(Path.GetDirectoryName(path)!);
        _files.Delete(_temporaryPath);
        _file = new BufferedFileWriter(files.OpenOrCreate(_temporaryPath), pace);
        Span<byte> bytes = stackalloc byte[SnapshotHeader.Length];
        header.WriteTo(bytes);
        _file.Write(bytes);
    }

    /// <summary>Bytes written so far; after <see cref="Complete"/> the length of the file.</summary>
    public long Length => _file.Position;

    /// <summary>Whether such a section was written.</summary>
    public bool Has(string name) => _names.Contains(name);

    /// <summary>Begins a section that is read as a stream; its blocks pass the codec.</summary>
    public Stream BeginSection(string name)
    {
        Begin(name);
        return new StreamSectionWriter(_file, _codec, _header.Slice.WorkspaceUid, (offset, stored, plain) =>
            End(new SnapshotSection(name, SectionKind.Stream, offset, stored, plain, [])));
    }

    /// <summary>Begins a section of raw rows that is mapped, from an offset that is a multiple of 4,096.</summary>
    public Stream BeginMappedSection(string name)
    {
        Begin(name);
        _file.PadTo(SnapshotFormat.MappedAlignment);
        return new MappedSectionWriter(_file, (offset, plain, checksums) =>
            End(new SnapshotSection(name, SectionKind.Mapped, offset, plain, plain, checksums)));
    }

    /// <summary>
    /// Writes directory and footer, syncs, and renames. When it returns the snapshot is on stable storage under its
    /// name; returns the file's length.
    /// </summary>
    public long Complete()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (_sectionOpen)
            throw new InvalidOperationException("A section is still open.");
        if (_complete)
            return Length;
        var uid = _header.Slice.WorkspaceUid;
        var plain = SnapshotFormat.EncodeDirectory(_sections);
        var encoded = ArrayPool<byte>.Shared.Rent(_codec.MaxEncodedLength(plain.Length));
        var directoryOffset = _file.Position;
        var directoryLength = _codec.Encode(uid, plain, encoded);
        _file.Write(encoded.AsSpan(0, directoryLength));
        ArrayPool<byte>.Shared.Return(encoded);
        Span<byte> header = stackalloc byte[SnapshotHeader.Length];
        _header.WriteTo(header);
        Span<byte> footer = stackalloc byte[SnapshotFormat.FooterLength];
        SnapshotFormat.WriteFooter(footer, header, directoryOffset, directoryLength);
        _file.Write(footer);
        _file.Sync();
        _file.Dispose();
        _files.Move(_temporaryPath, _path);
        _files.SyncFolder(Path.GetDirectoryName(_path)!);
        _complete = true;
        return Length;
    }

    public void Dispose()
    {
        if (_disposed)
            return;
        _disposed = true;
        _file.Dispose();
        if (_complete)
            return;
        try
        {
            _files.Delete(_temporaryPath);
        }
        catch (IOException)
        {
            // The sweep at the next start deletes it.
        }
    }

    private void Begin(string name)
    {
        ObjectDisposedException.ThrowIf(_disposed || _complete, this);
        if (_sectionOpen)
            throw new InvalidOperationException("The former section is still open.");
        if (name.Length is 0 or > SnapshotFormat.MaxNameLength || !Ascii.IsValid(name))
            throw new ArgumentException("A section's name is 1–64 bytes of ASCII.", nameof(name));
        if (!_names.Add(name))
            throw new ArgumentException($"Section {name} was written already.", nameof(name));
        if (_names.Count > SnapshotFormat.MaxSections)
            throw new InvalidOperationException($"A snapshot has at most {SnapshotFormat.MaxSections} sections.");
        _sectionOpen = true;
    }

    private void End(SnapshotSection section)
    {
        _sections.Add(section);
        _sectionOpen = false;
    }
}
