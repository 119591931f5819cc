using System.Text.Json;
using System.Text.Json.Serialization;
using Rag.Engine;
using Rag.Engine.Storage;

namespace Rag.Shard.Replication;

/// <summary>
/// What a shard must not forget of its partitions besides their data: the highest epoch that it has seen, so that none is
/// begun twice though the epoch stream lost its tail; the epoch that it followed last; and how far it has looked through
/// the stream. A small JSON file, written anew and synced with every change that counts; changes that come together
/// share a write. Thread-safe.
/// </summary>
internal sealed class ReplicaStateFile
{
    private readonly string _path;
    private readonly Lock _lock = new();
    private readonly SemaphoreSlim _writing = new(1);
    private readonly Dictionary<int, ReplicaMemory> _memories;
    private long _changed;
    private long _written;

    private ReplicaStateFile(string path, Dictionary<int, ReplicaMemory> memories)
    {
        _path = path;
        _memories = memories;
    }

    /// <exception cref="InvalidDataException">The file is damaged.</exception>
    public static ReplicaStateFile Open(string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        if (!File.Exists(path))
            return new ReplicaStateFile(path, []);
        try
        {
            return new ReplicaStateFile(path,
                JsonSerializer.Deserialize<Dictionary<int, ReplicaMemory>>(File.ReadAllBytes(path)) ?? []);
        }
        catch (JsonException damaged)
        {
            throw new InvalidDataException($"{path} is damaged: {damaged.Message} Restore it, or remove it and let the "
                + "shard copy its partitions from other replicas.", damaged);
        }
    }

    public ReplicaMemory this[int partition]
    {
        get
        {
            lock (_lock)
                return _memories.GetValueOrDefault(partition) ?? new ReplicaMemory();
        }
    }

    /// <summary>Changes what is remembered; durable when it returns.</summary>
    public Task SaveAsync(int partition, Func<ReplicaMemory, ReplicaMemory> change)
    {
        Note(partition, change);
        return FlushAsync();
    }

    /// <summary>Changes what is remembered; durable with the next save.</summary>
    public void Note(int partition, Func<ReplicaMemory, ReplicaMemory> change)
    {
        lock (_lock)
        {
            _memories[partition] = change(this[partition]);
            _changed++;
        }
    }

    /// <summary>Makes everything durable.</summary>
    public async Task FlushAsync()
    {
        var needed = Interlocked.Read(ref _changed);
        await _writing.WaitAsync();
        try
        {
            // Another one has written it along.
            if (_written >= needed)
                return;
            byte[] bytes;
            lock (_lock)
            {
                needed = _changed;
                bytes = JsonSerializer.SerializeToUtf8Bytes(_memories);
            }

            DurableFile.Write(_path, bytes);
            _written = needed;
        }
        finally
        {
            _writing.Release();
        }
    }
}

/// <summary>A <see cref="LogPoint"/> in the file.</summary>
internal sealed record SeenPoint(uint Epoch, ulong Number, Guid Id, ulong Sequence, long StoredAt);

/// <summary>What is remembered of one partition.</summary>
internal sealed record ReplicaMemory
{
    /// <summary>The highest epoch seen: none at or below it is ever begun or promised again.</summary>
    public uint Promised { get; init; } = EpochHistory.FirstEpoch;

    /// <summary>The epoch that it followed last.</summary>
    public uint Followed { get; init; } = EpochHistory.FirstEpoch;

    /// <summary>Up to this sequence of the stream it has everything of the partition.</summary>
    public ulong LookedThrough { get; init; }

    /// <summary>A mutation that the stream had when it was looked at last, or shortly before; null if none is known.</summary>
    public SeenPoint? SeenLast { get; init; }

    /// <summary>The same.</summary>
    [JsonIgnore]
    public LogPoint? Seen => SeenLast is { } seen
        ? new LogPoint(new WriteStamp(seen.Epoch, seen.Number), seen.Id, seen.Sequence, seen.StoredAt)
        : null;

    /// <summary>The last epochs that it knows to be in its own past, in their order, at most <see cref="EpochHistory.MaxLine"/>.</summary>
    public IReadOnlyList<EpochMark> Past { get; init; } = [];

    /// <summary>Whether it takes part in a history's last epoch already.</summary>
    public bool Follows(EpochHistory history) =>
        Followed == history.Current && (history.Records.IsEmpty || Past.Contains(history.Mark));

    /// <summary>Taking part in a history's last epoch.</summary>
    public ReplicaMemory Follow(EpochHistory history) => this with
    {
        Followed = history.Current,
        Past = [.. Past.Where(one => one.Epoch < history.Current).Union(history.Line)
            .OrderBy(static one => one.Epoch).TakeLast(EpochHistory.MaxLine)],
    };

    /// <summary>Having seen a mutation in the stream.</summary>
    public ReplicaMemory WithSeen(LogPoint point) => point.StoredAt == 0 || point == Seen
        ? this
        : this with { SeenLast = new SeenPoint(point.Stamp.Epoch, point.Stamp.Sequence, point.Id, point.Sequence, point.StoredAt) };

    /// <summary>Back at a mutation that a history has: its epoch, and its sequence in the stream.</summary>
    public ReplicaMemory GoBack(EpochHistory history, uint epoch, ulong sequence) => this with
    {
        Followed = Math.Min(Followed, Math.Max(epoch, EpochHistory.FirstEpoch)),
        Past = [.. history.Line.Where(one => one.Epoch <= epoch)],
        LookedThrough = Math.Min(LookedThrough, sequence),
    };

    /// <summary>
    /// Whether others went on in epochs that this replica had no part in, while it was in some that they know nothing of.
    /// Their numbers alone do not tell: neither side knew which ones the other one gave.
    /// </summary>
    public bool IsApartFrom(EpochHistory history) => IsApartFrom(history.Mark)
        || (!Past.Contains(history.Mark) && FirstUnknownTo(history) != uint.MaxValue);

    /// <summary>The same, as far as the last epoch of a history tells.</summary>
    public bool IsApartFrom(EpochMark last) =>
        last.Epoch > EpochHistory.FirstEpoch && Followed >= last.Epoch && Past.Count > 0 && !Past.Contains(last);

    /// <summary>The first of its own epochs that a history has another one for, by its number; the highest number if none.</summary>
    public uint FirstUnknownTo(EpochHistory history) => Past
        .Where(one => history.Line.Any(other => other.Epoch == one.Epoch && other != one))
        .Select(static one => one.Epoch).DefaultIfEmpty(uint.MaxValue).Min();
}
