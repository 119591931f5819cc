namespace Rag.Engine.Storage;

/// <summary>
/// Writes the commit journal: one small synced entry for each group commit, written after the commit's records are on
/// stable storage and before anyone is told. So the journal's end is the end of what was acknowledged, and a record
/// below it that cannot be read was lost, not torn. Files are filled with zeros in advance, because the sync of an
/// overwrite has no length to record; a new one is begun when one is full and whenever the log is opened. Not
/// thread-safe.
/// </summary>
internal sealed class CommitJournal : IDisposable
{
    private readonly IStorageFileSystem _files;
    private readonly string _folder;
    private readonly int _fileBytes;
    private readonly List<(int Number, long LastUntil)> _former = [];
    private IStorageFile? _file;
    private byte[] _buffer = new byte[4096];
    private int _fileNumber;
    private long _capacity;
    private long _length;
    private long _lastUntil;

    /// <param name="files">Where the files are.</param>
    /// <param name="folder">Their folder, which exists.</param>
    /// <param name="fileBytes">Bytes of a file.</param>
    /// <param name="former">Files that are there already, with the highest position that each speaks of.</param>
    public CommitJournal(
        IStorageFileSystem files, string folder, int fileBytes, IEnumerable<(int Number, long LastUntil)> former)
    {
        _files = files;
        _folder = folder;
        _fileBytes = fileBytes;
        _former.AddRange(former);
        _fileNumber = _former.Count == 0 ? 0 : _former[^1].Number;
    }

    /// <summary>Whether an entry fits in the current file; if not, a new one must be begun with a base.</summary>
    public bool HasRoomFor(JournalEntry entry) => _file is not null && _length + entry.EncodedLength <= _capacity;

    /// <summary>
    /// Begins a file with a base entry, durably. The former file is cut behind its last entry that was synced: what a
    /// failed append may have left there is gone.
    /// </summary>
    public void Begin(JournalEntry first)
    {
        CloseFile();
        var path = CommitJournalReader.PathOf(_folder, _fileNumber + 1);
        var file = _files.OpenOrCreate(path);
        try
        {
            file.SetLength(0);
            _capacity = Math.Max(_fileBytes, 4L * first.EncodedLength);
            _length = 0;
            WriteZeros(file, _capacity);
            Write(file, first);
            _files.SyncFolder(_folder);
        }
        catch
        {
            file.Dispose();
            throw;
        }
        _fileNumber++;
        _file = file;
    }

    /// <summary>Appends an entry, durably.</summary>
    public void Append(JournalEntry entry) =>
        Write(_file ?? throw new InvalidOperationException("No journal file is open."), entry);

    /// <summary>Deletes files that speak only of what lies before a position.</summary>
    public void DeleteBelow(long position)
    {
        while (_former.Count > 0 && _former[0].LastUntil <= position)
        {
            _files.Delete(CommitJournalReader.PathOf(_folder, _former[0].Number));
            _former.RemoveAt(0);
        }
    }

    public void Dispose()
    {
        _file?.Dispose();
        _file = null;
    }

    private void CloseFile()
    {
        if (_file is not { } file)
            return;
        // If this throws the file is still the current one, and the caller tries again later.
        file.SetLength(_length);
        file.Sync();
        file.Dispose();
        _file = null;
        _former.Add((_fileNumber, _lastUntil));
    }

    private void Write(IStorageFile file, JournalEntry entry)
    {
        var length = entry.EncodedLength;
        if (_buffer.Length < length)
            _buffer = new byte[length];
        entry.WriteTo(_buffer);
        file.Write(_length, _buffer.AsSpan(0, length));
        file.Sync();
        _length += length;
        _lastUntil = entry.Until;
    }

    private static void WriteZeros(IStorageFile file, long count)
    {
        var zeros = new byte[Math.Min(count, 256 << 10)];
        for (long at = 0; at < count; at += zeros.Length)
            file.Write(at, zeros.AsSpan(0, (int)Math.Min(zeros.Length, count - at)));
    }
}
