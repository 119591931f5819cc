using System.Collections.Concurrent;
using System.Buffers.Binary;
using System.Security.Cryptography;
using Google.Protobuf;

namespace Rag.Router.Chunks;

/// <summary>
/// Mutation ids for shards. A caller's request id gives the same ids at every retry, a different one for each
/// partition; the UUIDv7's time, which tells a shard how old the retry is, stays in its place:
/// <code>
/// │ time of the request id, 48 bits │ 7 │ hash of (request id, kind, workspace uid, partition), 74 bits │
/// </code>
/// A request id of another UUID version carries no time: the time of its first arrival here is taken, so only retries
/// through the same router are known. Thread-safe.
/// </summary>
internal sealed class MutationIds(TimeProvider time)
{
    private const int MaxRemembered = 100_000;
    private static readonly TimeSpan Remembered = TimeSpan.FromMinutes(10);

    private readonly ConcurrentDictionary<Guid, DateTimeOffset> _firstSeen = new();
    private long _lastSwept;

    /// <summary>An id that no retry repeats.</summary>
    public static ByteString New() => ToBytes(Guid.CreateVersion7());

    /// <summary>The id of one partition's part of a request.</summary>
    /// <param name="requestId">Null for a request without an id: the mutation gets a new one.</param>
    public ByteString Derive(Guid? requestId, MutationKind kind, Guid workspaceUid, int partition)
    {
        if (requestId is not { } id)
            return New();
        Span<byte> source = stackalloc byte[37];
        id.TryWriteBytes(source, bigEndian: true, out _);
        workspaceUid.TryWriteBytes(source[16..], bigEndian: true, out _);
        BinaryPrimitives.WriteInt32BigEndian(source[32..], partition);
        source[36] = (byte)kind;
        Span<byte> hash = stackalloc byte[32];
        SHA256.HashData(source, hash);

        var bytes = hash[..16];
        if (id.Version == 7)
            source[..6].CopyTo(bytes);
        else
            WriteTime(bytes, FirstSeen(id));
        bytes[6] = (byte)((bytes[6] & 0x0F) | 0x70);
        bytes[8] = (byte)((bytes[8] & 0x3F) | 0x80);
        return ByteString.CopyFrom(bytes);
    }

    private static ByteString ToBytes(Guid id)
    {
        Span<byte> bytes = stackalloc byte[16];
        id.TryWriteBytes(bytes, bigEndian: true, out _);
        return ByteString.CopyFrom(bytes);
    }

    private static void WriteTime(Span<byte> bytes, DateTimeOffset at)
    {
        Span<byte> milliseconds = stackalloc byte[8];
        BinaryPrimitives.WriteInt64BigEndian(milliseconds, at.ToUnixTimeMilliseconds());
        milliseconds[2..].CopyTo(bytes);
    }

    private DateTimeOffset FirstSeen(Guid id)
    {
        var now = time.GetUtcNow();
        Sweep(now);
        var first = _firstSeen.GetOrAdd(id, now);
        if (_firstSeen.Count > MaxRemembered)
            _firstSeen.TryRemove(id, out _);
        return first;
    }

    private void Sweep(DateTimeOffset now)
    {
        var last = Interlocked.Read(ref _lastSwept);
        if (now.UtcTicks - last < TimeSpan.TicksPerMinute
            || Interlocked.CompareExchange(ref _lastSwept, now.UtcTicks, last) != last)
            return;
        foreach (var (id, first) in _firstSeen)
        {
            if (now - first > Remembered)
                _firstSeen.TryRemove(id, out _);
        }
    }
}

/// <summary>
/// So that one request id used for two kinds of call gives different mutations. Never change the numbers.
/// </summary>
internal enum MutationKind : byte
{
    Upsert = 1,
    Delete = 2,
}
