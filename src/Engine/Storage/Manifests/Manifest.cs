using Microsoft.Extensions.Logging;

namespace Rag.Engine.Storage;

/// <summary>
/// The checkpoint: which snapshot of each slice is current, the last sequence of each partition, what is quarantined,
/// and from where the mutation log is needed. An append-only file of small checksummed entries, so that a snapshot of
/// one slice among 10,000 costs one entry; written anew when most of it is outdated, in a temporary file that is synced
/// and renamed. The former file is kept as the second generation.
/// </summary>
/// <remarks>
/// An entry that is lost (a damaged file, a torn last write) is made up for by the snapshot files themselves, whose
/// headers say what they are. Thread-safe.
/// </remarks>
internal sealed class Manifest : IDisposable
{
    private const int RewriteAtLeast = 1024;

    private readonly Lock _lock = new();
    private readonly IStorageFileSystem _files;
    private readonly string _folder;
    private readonly ILogger _logger;
    private readonly ManifestState _state;
    private IStorageFile? _file;
    private ulong _generation;
    private ulong _nextNumber;
    private long _length;
    private int _entries;
    private bool _disposed;

    private Manifest(IStorageFileSystem files, string folder, ILogger logger, ManifestState state)
    {
        _files = files;
        _folder = folder;
        _logger = logger;
        _state = state;
    }

    /// <summary>Whether entries were lost and had to be made up for.</summary>
    public bool WasDamaged { get; private init; }

    /// <summary>All that lies before this position of the mutation log is in snapshots.</summary>
    public long LogPosition
    {
        get
        {
            lock (_lock)
                return _state.LogPosition;
        }
    }

    /// <summary>
    /// Opens the manifest of a store, or begins one. Reads 10,000 slices in some ten milliseconds; lists the snapshot
    /// files only if entries were lost.
    /// </summary>
    public static Manifest Open(
        IStorageFileSystem files, string folder, SnapshotFolder snapshots, IPayloadCodec codec, ILogger logger)
    {
        files.CreateFolder(folder);
        var loaded = ManifestLoader.Load(files, folder, snapshots, codec, logger);
        var manifest = new Manifest(files, folder, logger, loaded.State) { WasDamaged = loaded.Damaged };
        manifest._generation = loaded.LastGeneration;
        manifest._nextNumber = loaded.NextNumber;
        if (loaded.IsClean)
        {
            manifest._file = files.OpenOrCreate(ManifestFile.PathOf(folder, loaded.LastGeneration));
            manifest._length = loaded.Length;
            manifest._entries = loaded.Entries;
        }
        else
        {
            manifest.Rewrite();
        }
        return manifest;
    }

    /// <summary>A number for the next snapshot file.</summary>
    public ulong TakeGeneration()
    {
        lock (_lock)
            return _state.TakeGeneration();
    }

    public bool TryGetSnapshot(SliceId slice, out SnapshotEntry entry)
    {
        lock (_lock)
            return _state.Snapshots.TryGetValue(slice, out entry);
    }

    /// <summary>A copy of all current snapshots, in no order.</summary>
    public SnapshotEntry[] ListSnapshots()
    {
        lock (_lock)
            return [.. _state.Snapshots.Values];
    }

    /// <summary>A copy of the partitions' last sequences.</summary>
    public KeyValuePair<int, WriteStamp>[] ListSequences()
    {
        lock (_lock)
            return [.. _state.PartitionSequences];
    }

    /// <summary>A copy of the ranges of the mutation log that do not count.</summary>
    public VoidRange[] ListVoids()
    {
        lock (_lock)
            return [.. _state.Voids];
    }

    /// <summary>A copy of the quarantined workspaces with their reasons.</summary>
    public KeyValuePair<Guid, string>[] ListQuarantined()
    {
        lock (_lock)
            return [.. _state.Quarantined];
    }

    /// <summary>
    /// Records changes with one sync; when it returns they are on stable storage. After an exception they count in
    /// memory and are written with the next call, which begins a new file.
    /// </summary>
    /// <exception cref="IOException">The device failed.</exception>
    public void Append(params ReadOnlySpan<ManifestChange> changes)
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            foreach (var change in changes)
                _state.Apply(change);
            if (_file is null || _entries > Math.Max(RewriteAtLeast, 3 * _state.EntryCount))
            {
                Rewrite();
                return;
            }
            try
            {
                Write(_file, changes);
                _file.Sync();
            }
            catch
            {
                // What is on disk is uncertain: the next append begins a new file.
                _file.Dispose();
                _file = null;
                throw;
            }
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _disposed = true;
            _file?.Dispose();
            _file = null;
        }
    }

    private void Rewrite()
    {
        _file?.Dispose();
        _file = null;
        var generation = _generation + 1;
        var path = ManifestFile.PathOf(_folder, generation);
        var temporary = path + SnapshotWriter.TemporarySuffix;
        _files.Delete(temporary);
        var file = _files.OpenOrCreate(temporary);
        try
        {
            Span<byte> header = stackalloc byte[ManifestFormat.FileHeaderLength];
            ManifestFormat.WriteFileHeader(header, generation, _nextNumber);
            file.Write(0, header);
            _length = header.Length;
            _entries = 0;
            Write(file, [.. _state.Repeat(), new ManifestChange.BaseComplete()]);
            file.Sync();
            _files.Move(temporary, path);
            _files.SyncFolder(_folder);
        }
        catch
        {
            file.Dispose();
            throw;
        }
        _file = file;
        _generation = generation;
        ManifestLog.Rewritten(_logger, generation, _entries, _length);
        DeleteBefore(generation - 1);
    }

    private void Write(IStorageFile file, ReadOnlySpan<ManifestChange> changes)
    {
        var buffer = new byte[Math.Min(changes.Length, 64) * ManifestFormat.MaxEntryLength];
        var filled = 0;
        foreach (var change in changes)
        {
            if (buffer.Length - filled < ManifestFormat.MaxEntryLength)
            {
                file.Write(_length, buffer.AsSpan(0, filled));
                _length += filled;
                filled = 0;
            }
            filled += ManifestFormat.WriteEntry(buffer.AsSpan(filled), _nextNumber++, change);
            _entries++;
        }
        file.Write(_length, buffer.AsSpan(0, filled));
        _length += filled;
    }

    private void DeleteBefore(ulong generation)
    {
        foreach (var old in ManifestFile.ListGenerations(_files, _folder).Where(one => one < generation))
        {
            try
            {
                _files.Delete(ManifestFile.PathOf(_folder, old));
            }
            catch (IOException)
            {
                // Deleted with the next rewrite.
            }
        }
    }
}
