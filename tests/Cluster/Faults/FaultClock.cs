using System.Diagnostics;

namespace Rag.Cluster.Tests.Faults;

/// <summary>Knows since when nothing has been broken or mended: what fails then should not have. Thread-safe.</summary>
internal sealed class FaultClock
{
    /// <summary>Two seconds after a shard or a router is gone nobody notices it any more.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(2);

    /// <summary>Writes wait for an election of NATS: what is promised of them, and what Log:WriteDeadline is.</summary>
    private static readonly TimeSpan Election = TimeSpan.FromSeconds(15);

    /// <summary>
    /// For a machine with ten times as much to do as it has cores: what is found out by silence and what is tried again
    /// after a pause comes later there.
    /// </summary>
    private static readonly TimeSpan Allowance = TimeSpan.FromSeconds(10);

    private volatile Span? _nats;
    private long _reads;
    private long _writes;
    private long _metadata;

    /// <summary>No write may wait longer for its answer, whatever that is, when a node of NATS dies.</summary>
    public static TimeSpan WriteLimit => Election + Allowance;

    /// <summary>A node of this kind is about to be broken.</summary>
    public void Break(NodeKind kind)
    {
        Note(kind);
        // What another fault delays is not NATS' any more.
        _nats = kind == NodeKind.Nats ? new Span(Stopwatch.GetTimestamp(), long.MaxValue) : null;
    }

    /// <summary>A node of this kind is about to be mended, or is.</summary>
    public void Mend(NodeKind kind)
    {
        Note(kind);
        if (kind == NodeKind.Nats && _nats is { } nats)
            _nats = nats with { Until = Stopwatch.GetTimestamp() + Ticks(Election) };
    }

    public bool IsMetadataAway => Volatile.Read(ref _metadata) == long.MaxValue;

    /// <summary>Metadata is away until the next call of <see cref="Mend"/>.</summary>
    public void NoteMetadataAway() => Volatile.Write(ref _metadata, long.MaxValue);

    /// <summary>Whether a fault of NATS has touched what began then and ends now.</summary>
    public bool IsThroughNats(long since) => _nats is { } nats && since <= nats.Until && Stopwatch.GetTimestamp() >= nats.From;

    public bool IsCalmForReads(long since) => since > Volatile.Read(ref _reads);

    public bool IsCalmForWrites(long since) => since > Volatile.Read(ref _writes);

    public bool IsCalmForMetadata(long since) => since > Volatile.Read(ref _metadata);

    private void Note(NodeKind kind)
    {
        var now = Stopwatch.GetTimestamp();
        Volatile.Write(ref _reads, now + Ticks(Grace));
        Volatile.Write(ref _writes, now + Ticks(kind == NodeKind.Nats ? Election : Grace));
        Volatile.Write(ref _metadata, now + Ticks(Election));
    }

    private static long Ticks(TimeSpan time) => (long)(time.TotalSeconds * Stopwatch.Frequency);

    /// <summary>From the break of a node until its mending is forgotten.</summary>
    private sealed record Span(long From, long Until);
}
