using System.Collections.Concurrent;
using NpgsqlTypes;

namespace Rag.Metadata.Postgres;

/// <summary>
/// Decides whether a read may go to a replica. It may if the replica has replayed everything that this process wrote to
/// the workspace or was shown of it before (read-your-writes, and no going back), and is not further behind than
/// allowed. Positions in the primary's log are learnt on the way, without a cost to writes:
/// <code>
///   write of w   number 7 of this process; its position in the log is not known yet
///   read of w    7 > known: the primary answers, and says where its log ends: position P, which is behind write 7
///   read of w    7 ≤ known: a replica answers, if it has replayed P; else the primary
/// </code>
/// Thread-safe.
/// </summary>
internal sealed class ReplicaGate(TimeSpan maxLag, TimeProvider time)
{
    /// <summary>Beyond so many workspaces all of them count as written last: their next read asks the primary.</summary>
    private const int MaxScopes = 65_536;

    /// <summary>Positions are kept at most this often in one <c>maxLag</c>.</summary>
    private const int Marks = 16;

    private readonly ConcurrentDictionary<Guid, long> _writes = new();
    private readonly Lock _lock = new();
    private long _number;
    private long _floor;

    /// <summary>Oldest first. The first is as old as a replica may be, if there is one so old.</summary>
    private volatile Mark[] _marks = [];

    /// <summary>Something of this workspace was written, or read from the primary. Before its caller learns of it.</summary>
    public void Touch(Guid scope)
    {
        if (_writes.Count >= MaxScopes)
        {
            Volatile.Write(ref _floor, Volatile.Read(ref _number) + 1);
            _writes.Clear();
        }

        _writes[scope] = Interlocked.Increment(ref _number);
    }

    /// <summary>Taken before the primary is asked for its position, and handed to <see cref="Learn"/> with it.</summary>
    public long Ticket => Volatile.Read(ref _number);

    /// <summary>The position that a replica must have replayed; null: only the primary will do.</summary>
    public NpgsqlLogSequenceNumber? PositionFor(Guid scope)
    {
        var written = _writes.TryGetValue(scope, out var number) ? number : Volatile.Read(ref _floor);
        foreach (var mark in _marks)
        {
            if (mark.Ticket >= written)
                return mark.Position;
        }

        return null;
    }

    /// <summary>The primary's log ended at <paramref name="position"/> after <paramref name="ticket"/> was taken.</summary>
    public void Learn(long ticket, NpgsqlLogSequenceNumber position)
    {
        var now = time.GetTimestamp();
        lock (_lock)
        {
            var marks = _marks;
            // Another server is primary now, and the last of what the former one wrote is lost.
            if (marks.Length > 0 && position < marks[^1].Position)
                marks = [];
            if (marks.Length > 0 && ticket < marks[^1].Ticket)
                return;
            var start = 0;
            while (start + 1 < marks.Length && time.GetElapsedTime(marks[start + 1].At, now) >= maxLag)
                start++;
            // The last one is replaced while it is young and says less than the new one.
            var end = marks.Length;
            if (end - start > 1 && time.GetElapsedTime(marks[end - 2].At, now) < maxLag / Marks)
                end--;
            _marks = [.. marks.AsSpan(start, end - start), new Mark(now, ticket, position)];
        }
    }

    private readonly record struct Mark(long At, long Ticket, NpgsqlLogSequenceNumber Position);
}
