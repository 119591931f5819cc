using Rag.Engine.Mutations;

namespace Rag.Engine.Slices;

/// <summary>
/// The mutation ids that a slice applied lately, with their outcomes, so that a retry changes nothing and is told the
/// same. Time is that of the records, not of this machine. Writer only.
/// </summary>
internal sealed class MutationMemory(TimeSpan lifetime)
{
    // About 1,700 records a second for ten minutes; a busier slice forgets earlier.
    private const int MaxEntries = 1 << 20;

    // An id may be made by a clock that is this much ahead; until its age tells that it is old it must be remembered.
    public const long MaxClockSkewMs = 60_000;

    private readonly long _lifetimeMs = (long)lifetime.TotalMilliseconds;
    private readonly Dictionary<Guid, MutationOutcome> _outcomes = [];
    private readonly Queue<(long AcceptedMs, Guid Id)> _order = new();

    /// <summary>The latest moment of acceptance of a record so far, in milliseconds since the Unix epoch.</summary>
    public long ClockMs { get; private set; }

    public int Count => _outcomes.Count;

    public long MemoryBytes => 200 + _outcomes.Count * 140L;

    public MutationOutcome? Find(Guid id) => _outcomes.GetValueOrDefault(id);

    /// <summary>Whether an id was made too long before its record was accepted to be sure that it is no
    /// repetition.</summary>
    public bool IsTooOld(Guid id, long acceptedMs) =>
        MutationTime.Of(id) is { } madeMs && acceptedMs - madeMs > _lifetimeMs;

    public void Add(Guid id, long acceptedMs, MutationOutcome outcome)
    {
        ClockMs = Math.Max(ClockMs, acceptedMs);
        if (_outcomes.TryAdd(id, outcome))
            _order.Enqueue((ClockMs, id));
        while (_order.TryPeek(out var oldest)
            && (ClockMs - oldest.AcceptedMs > _lifetimeMs + MaxClockSkewMs || _order.Count > MaxEntries))
            _outcomes.Remove(_order.Dequeue().Id);
    }

    public void Advance(long acceptedMs) => ClockMs = Math.Max(ClockMs, acceptedMs);

    /// <summary>A copy in order of acceptance, for a snapshot.</summary>
    public (long AcceptedMs, Guid Id, MutationOutcome Outcome)[] List() =>
        [.. _order.Select(entry => (entry.AcceptedMs, entry.Id, _outcomes[entry.Id]))];
}
