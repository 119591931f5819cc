using Rag.Engine.Slices;
using Rag.Engine.Storage;

namespace Rag.Engine;

/// <summary>
/// Takes a copy of a partition into the store: what comes is kept in files of its own, and becomes the partition in one
/// step when all of it is there and verified. A copy that was cut off, by the end of the process too, is gone on with
/// where it was. Until the last step the store has nothing of the partition. One caller at a time.
/// </summary>
public sealed class PartitionImport : IDisposable
{
    private const int MaxSourceLength = 64;

    private readonly StoreParts _parts;
    private readonly StoreContext _context;
    private readonly IStorageFileSystem _files;
    private readonly ImportFolder _folder;
    private readonly Action _release;
    private IStorageFile? _snapshot;
    private IStorageFile? _contents;
    private Guid _uid;
    private ulong _generation;
    private long _snapshotBytes;
    private WriteStamp _stamp;
    private bool _disposed;

    internal PartitionImport(StoreParts parts, int partition, Action release)
    {
        _parts = parts;
        _context = parts.Context;
        _files = parts.Context.Files;
        _release = release;
        Partition = partition;
        _folder = new ImportFolder(_files, ImportFolder.PathOf(parts.Context.Folder, partition));
        if (_folder.ReadHeader() is { } header)
            _stamp = header.Stamp;
    }

    /// <summary>The partition.</summary>
    public int Partition { get; }

    /// <summary>Finds how much is there already.</summary>
    public ImportPoint FindPoint()
    {
        CloseSlice();
        if (_folder.ReadHeader() is not { } header)
            return new ImportPoint("", null, null, 0, 0, 0);
        var slices = _folder.ListSlices();
        var whole = slices.FindLastIndex(static slice => slice.IsWhole);
        Guid? after = whole < 0 ? null : slices[whole].Uid;
        var part = slices.FindLastIndex(static slice => !slice.IsWhole);
        if (part < 0 || (after is { } last && UidOrder.Instance.Compare(slices[part].Uid, last) <= 0))
            return new ImportPoint(header.Source, after, null, 0, 0, 0);
        var (uid, generation, _) = slices[part];
        using var snapshot = _files.OpenOrCreate(_folder.SnapshotOf(uid, generation));
        return new ImportPoint(
            header.Source, after, uid, generation, snapshot.Length, FindNextRow(_folder.ContentsOf(uid, generation)));
    }

    /// <summary>
    /// A source begins to send. What the store has of the partition is dropped first; what another try brought is kept.
    /// </summary>
    /// <param name="source">The shard's name, 1 to 64 characters.</param>
    /// <param name="stamp">The export's place in the log.</param>
    /// <exception cref="StoreException">Unavailable, ResourceExhausted.</exception>
    public void Begin(string source, WriteStamp stamp) => Guarded(() =>
    {
        CloseSlice();
        if (source.Length > MaxSourceLength || source.Contains('\n'))
            throw StoreErrors.Invalid("The source's name is too long.");
        var former = _folder.ReadHeader();
        // Of several sources, or tries, the earliest place counts: from there on the log has everything.
        _stamp = former is { } one && _folder.ListSlices().Count > 0 && one.Stamp < stamp ? one.Stamp : stamp;
        _folder.WriteHeader(source, _stamp);
        if (former is null)
            _parts.Drop.Run(Partition);
    });

    /// <summary>The next slice begins, or goes on where it was cut off.</summary>
    public void BeginSlice(Guid uid, ulong generation, long snapshotBytes) => Guarded(() =>
    {
        CloseSlice();
        _context.Health.ThrowIfNotWritable((int)Math.Min(snapshotBytes, int.MaxValue));
        foreach (var (other, old, isWhole) in _folder.ListSlices())
        {
            // An older snapshot of it, or a part of one that the source does not have any more.
            if ((other == uid && old != generation) || (other != uid && !isWhole))
                _folder.Delete(other, old);
        }

        (_uid, _generation, _snapshotBytes) = (uid, generation, snapshotBytes);
        _snapshot = _files.OpenOrCreate(_folder.SnapshotOf(uid, generation));
        _contents = _files.OpenOrCreate(_folder.ContentsOf(uid, generation));
        FindNextRow(_contents);
    });

    /// <summary>A part of the snapshot's file, the next one.</summary>
    /// <exception cref="StoreException">Aborted: it is another part than the next one.</exception>
    public void AddSnapshot(long offset, ReadOnlyMemory<byte> bytes) => Guarded(() =>
    {
        if (_snapshot is null || offset != _snapshot.Length || offset + bytes.Length > _snapshotBytes)
            throw OutOfOrder();
        _context.Health.ThrowIfNotWritable(bytes.Length);
        _snapshot.Write(offset, bytes.Span);
    });

    /// <summary>The next contents, whole ones.</summary>
    public void AddContents(ReadOnlyMemory<byte> bytes) => Guarded(() =>
    {
        if (_snapshot is null || _contents is null || _snapshot.Length != _snapshotBytes)
            throw OutOfOrder();
        _context.Health.ThrowIfNotWritable(bytes.Length);
        _contents.Write(_contents.Length, bytes.Span);
    });

    /// <summary>All of the slice is there.</summary>
    public void EndSlice() => Guarded(() =>
    {
        if (_snapshot is null || _contents is null || _snapshot.Length != _snapshotBytes)
            throw OutOfOrder();
        _snapshot.Sync();
        _contents.Sync();
        CloseSlice();
        _folder.MarkWhole(_uid, _generation);
    });

    /// <summary>
    /// Verifies everything and makes it the partition, in one step. A slice that turns out to be damaged is forgotten, to
    /// be fetched again.
    /// </summary>
    /// <returns>The place in the log from which on the partition has to be replayed.</returns>
    /// <exception cref="StoreException">DataLoss: a slice was damaged; copy it again. Unavailable,
    /// ResourceExhausted: try again.</exception>
    public async Task<WriteStamp> CompleteAsync(CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        CloseSlice();
        if (_folder.ReadHeader() is null)
            throw StoreErrors.Invalid($"No copy of partition {Partition} was begun.");
        using var pin = _context.Copies.Hold();
        var installed = new List<SnapshotEntry>();
        try
        {
            foreach (var (uid, generation, isWhole) in _folder.ListSlices())
            {
                if (!isWhole)
                    continue;
                await _parts.Memory.MakeRoomAsync(0, cancellationToken);
                var entry = await Task.Run(() => Install(uid, generation), cancellationToken);
                installed.Add(entry);
            }

            await _context.Contents.Log.FlushAsync(cancellationToken);
            _parts.Install(Partition, _stamp, installed);
        }
        catch (Exception failure)
        {
            foreach (var entry in installed)
                _parts.Catalog.DeleteFile(entry);
            if (failure is IOException or InvalidDataException)
                throw StoreErrors.Of(failure);
            throw;
        }

        _folder.Clear();
        return _stamp;
    }

    /// <summary>Forgets what was copied so far.</summary>
    internal void Forget()
    {
        CloseSlice();
        if (_folder.ReadHeader() is not null)
            _folder.Clear();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_disposed)
            return;
        _disposed = true;
        CloseSlice();
        _release();
    }

    private SnapshotEntry Install(Guid uid, ulong generation)
    {
        try
        {
            using var contents = _files.OpenRead(_folder.WholeOf(uid, generation));
            return _parts.Snapshotter.Rewrite(
                new SliceId(uid, Partition), _folder.SnapshotOf(uid, generation), new ReceivedContents(contents));
        }
        catch (Exception damaged) when (SliceCatalog.IsCorruption(damaged))
        {
            // Those behind it too: what is there is told by the last one.
            foreach (var (other, old, _) in _folder.ListSlices())
            {
                if (UidOrder.Instance.Compare(other, uid) >= 0)
                    _folder.Delete(other, old);
            }

            throw new StoreException(
                StoreErrorKind.DataLoss, $"The copy of slice {uid}/{Partition} is damaged; copy it again.", damaged);
        }
    }

    /// <summary>The first row whose content is not there as a whole; what is not is cut off.</summary>
    private int FindNextRow(string path)
    {
        using var file = _files.OpenOrCreate(path);
        return FindNextRow(file);
    }

    private static int FindNextRow(IStorageFile file)
    {
        var contents = new ReceivedContents(file);
        try
        {
            while (contents.TryRead())
            {
                // Only their rows count here.
            }
        }
        catch (CorruptDataException)
        {
            // What lies behind comes again.
        }

        file.SetLength(contents.Offset);
        return contents.Row + 1;
    }

    private void CloseSlice()
    {
        _snapshot?.Dispose();
        _contents?.Dispose();
        _snapshot = _contents = null;
    }

    private void Guarded(Action act)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        try
        {
            act();
        }
        catch (IOException failure)
        {
            throw StoreErrors.Of(failure);
        }
    }

    private static StoreException OutOfOrder() =>
        new(StoreErrorKind.Aborted, "A part of a copy came out of order; begin again.");
}
