using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Logging;
using Rag.Metadata;
using Rag.Router.Errors;

namespace Rag.Router.Workspaces;

/// <summary>
/// Workspaces by name, cached. A lookup that finds a fresh entry takes no lock and allocates nothing; an entry past its
/// time is used once more while it is read again in the background. While the metadata store is away, what is known is
/// used however old it is, so that searches and writes of chunks go on: shards refuse settings that they have newer.
/// Thread-safe.
/// </summary>
internal sealed class WorkspaceDirectory(
    IMetadataStore metadata, RouterOptions options, WorkspaceLifetime lifetime, TimeProvider time,
    ILogger<WorkspaceDirectory> logger)
{
    /// <summary>A store that does not answer so soon counts as away where something is known.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(500);

    /// <summary>How often an entry is tried again while the store is away.</summary>
    private static readonly TimeSpan RetryPause = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<string, Entry> _entries = new(StringComparer.Ordinal);
    private volatile bool _away;

    /// <summary>Workspaces that are kept.</summary>
    public int Count => _entries.Count;

    /// <summary>The workspace of this name, ready for use.</summary>
    /// <exception cref="RefusedException">There is none, or it is being made or deleted.</exception>
    public ValueTask<KnownWorkspace> GetAsync(string name, CancellationToken cancellationToken)
    {
        if (!_entries.TryGetValue(name, out var entry))
            return LoadAsync(name, cancellationToken);
        var age = time.GetElapsedTime(entry.ReadAt);
        if (age <= lifetime.Value)
            return new ValueTask<KnownWorkspace>(entry.Workspace);
        if (age > lifetime.Value * 4 && !_away)
            return LoadElseKnownAsync(name, entry.Workspace, cancellationToken);
        if (entry.TryStartRefresh(time.GetTimestamp()))
            _ = RefreshInBackgroundAsync(name, entry);
        return new ValueTask<KnownWorkspace>(entry.Workspace);
    }

    /// <summary>The same without waiting: false for one that is not known, or that has to be read again first.</summary>
    public bool TryGet(ReadOnlySpan<char> name, [NotNullWhen(true)] out KnownWorkspace? workspace)
    {
        workspace = null;
        if (!_entries.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(name, out var entry))
            return false;
        var age = time.GetElapsedTime(entry.ReadAt);
        if (age > lifetime.Value)
        {
            if (age > lifetime.Value * 4 && !_away)
                return false;
            if (entry.TryStartRefresh(time.GetTimestamp()))
                _ = RefreshInBackgroundAsync(entry.Workspace.Name, entry);
        }

        workspace = entry.Workspace;
        return true;
    }

    /// <summary>The same, read from the store now.</summary>
    public async ValueTask<KnownWorkspace> LoadAsync(string name, CancellationToken cancellationToken)
    {
        var record = await FindAsync(name, cancellationToken);
        if (record?.State != WorkspaceState.Active)
        {
            Forget(name);
            throw record?.State switch
            {
                WorkspaceState.Creating => Refuse.Unavailable($"Workspace '{name}' is still being made: try again."),
                WorkspaceState.Deleting => Refuse.Precondition($"Workspace '{name}' is being deleted."),
                _ => Refuse.NoWorkspace(name),
            };
        }

        return Put(record);
    }

    /// <summary>
    /// Runs what needs a workspace; once more from the start if the workspace turns out to have been made anew under
    /// its name, for then nothing was done for the former one.
    /// </summary>
    public async Task<T> WithAsync<T, TState>(
        string name, TState state, Func<KnownWorkspace, TState, CancellationToken, Task<T>> body,
        CancellationToken cancellationToken)
    {
        var workspace = await GetAsync(name, cancellationToken);
        try
        {
            return await body(workspace, state, cancellationToken);
        }
        catch (WorkspaceReplacedException)
        {
            workspace = await LoadAsync(name, cancellationToken);
        }

        try
        {
            return await body(workspace, state, cancellationToken);
        }
        catch (WorkspaceReplacedException)
        {
            throw Refuse.Aborted($"Workspace '{name}' is being made anew: try again.");
        }
    }

    /// <summary>Makes the newest record known at once.</summary>
    public KnownWorkspace Put(WorkspaceRecord record)
    {
        var former = _entries.TryGetValue(record.Name, out var entry) ? entry.Workspace : null;
        // To count takes every lock of the table: not for what is only read again.
        if (former is null && _entries.Count >= options.MaxCachedWorkspaces)
            EvictSome();
        var same = former is not null && former.Uid == record.Uid && former.Record.Version == record.Version
            && former.Record.AppliedVersion == record.AppliedVersion;
        var workspace = same ? former! : new KnownWorkspace(record, WorkspaceCodec.Decode(record), record.Version);
        _entries[record.Name] = new Entry(workspace, time.GetTimestamp());
        return workspace;
    }

    public void Forget(string name) => _entries.TryRemove(name, out _);

    private async Task<WorkspaceRecord?> FindAsync(string name, CancellationToken cancellationToken)
    {
        try
        {
            var record = await metadata.Workspaces.FindByNameAsync(name, cancellationToken);
            _away = false;
            return record;
        }
        catch (MetadataStoreException error) when (error.Fault == MetadataFault.Unavailable)
        {
            NoteAway(error);
            throw;
        }
    }

    private async ValueTask<KnownWorkspace> LoadElseKnownAsync(
        string name, KnownWorkspace known, CancellationToken cancellationToken)
    {
        var load = LoadAsync(name, CancellationToken.None).AsTask();
        try
        {
            return await load.WaitAsync(Patience, time, cancellationToken);
        }
        catch (TimeoutException slow)
        {
            NoteAway(slow);
            _ = IgnoreAsync(load);
            return known;
        }
        catch (MetadataStoreException error) when (error.Fault == MetadataFault.Unavailable)
        {
            return known;
        }
        catch (OperationCanceledException)
        {
            _ = IgnoreAsync(load);
            throw;
        }
    }

    private void NoteAway(Exception error)
    {
        if (_away)
            return;
        _away = true;
        RouterLog.MetadataAway(logger, _entries.Count, error);
    }

    /// <summary>Nobody waits for it any more; what it finds is kept, and that it failed is known.</summary>
    private static async Task IgnoreAsync(Task load) =>
        await load.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    private async Task RefreshInBackgroundAsync(string name, Entry entry)
    {
        try
        {
            // Bounded by the store's own time limits; nobody waits for it.
            await LoadAsync(name, CancellationToken.None);
        }
        catch (RefusedException)
        {
            // It is gone, and forgotten.
        }
        catch (Exception error)
        {
            // That the store is away is logged once, when it goes.
            if (error is not MetadataStoreException { Fault: MetadataFault.Unavailable })
                RouterLog.RefreshFailed(logger, entry.Workspace.Uid, error);
            entry.AllowRefresh(time.GetTimestamp() + (long)(RetryPause.TotalSeconds * time.TimestampFrequency));
        }
    }

    /// <summary>Any tenth will do: what is in use comes back with one read.</summary>
    private void EvictSome()
    {
        var count = Math.Max(1, options.MaxCachedWorkspaces / 10);
        foreach (var (name, _) in _entries)
        {
            _entries.TryRemove(name, out _);
            if (--count == 0)
                return;
        }
    }

    private sealed class Entry(KnownWorkspace workspace, long readAt)
    {
        private int _refreshing;
        private long _notBefore = long.MinValue;

        public KnownWorkspace Workspace => workspace;

        public long ReadAt => readAt;

        public bool TryStartRefresh(long now) =>
            now >= Volatile.Read(ref _notBefore) && Interlocked.Exchange(ref _refreshing, 1) == 0;

        public void AllowRefresh(long notBefore)
        {
            Volatile.Write(ref _notBefore, notBefore);
            Volatile.Write(ref _refreshing, 0);
        }
    }
}
