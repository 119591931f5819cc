using System.Collections.Immutable;

namespace Rag.Shard.Replication;

/// <summary>
/// The epochs of a partition that the stream's messages belong to. Immutable.
/// </summary>
/// <param name="Records">Complete ones in order, each marker at or below what the next one kept.</param>
/// <param name="Claim">One that has been begun and is not complete; null if there is none.</param>
/// <param name="Line">The last complete ones, also those whose messages the stream has lost since: where this history comes from.</param>
internal sealed record EpochHistory(ImmutableArray<EpochRecord> Records, EpochRecord? Claim, ImmutableArray<EpochMark> Line)
{
    /// <summary>The epoch before the first record.</summary>
    public const uint FirstEpoch = 1;

    /// <summary>Epochs so far back that no replica is still behind them.</summary>
    private const int MaxRecords = 64;

    /// <summary>How far back a line goes.</summary>
    public const int MaxLine = 16;

    /// <summary>A partition that never changed its epoch.</summary>
    public static readonly EpochHistory Empty = new([], null, []);

    /// <summary>The epoch that mutations are published in.</summary>
    public uint Current => Records.IsEmpty ? FirstEpoch : Records[^1].Epoch;

    /// <summary>The epoch of mutations, with the shard that began it.</summary>
    public EpochMark Mark => Records.IsEmpty ? new EpochMark(FirstEpoch, "") : Records[^1].Mark;

    /// <summary>The highest number that was ever given, as far as is known here.</summary>
    public uint Highest => Math.Max(Current, Claim?.Epoch ?? 0);

    /// <summary>With an epoch begun.</summary>
    public EpochHistory WithClaim(EpochRecord claim) => this with { Claim = claim };

    /// <summary>With an epoch complete; those whose markers were lost with the tail are gone.</summary>
    public EpochHistory With(EpochRecord record) => new(
        [.. Records.Where(one => one.Marker <= record.Kept).TakeLast(MaxRecords - 1), record], null,
        [.. Line.TakeLast(MaxLine - 1), record.Mark]);

    /// <summary>The epoch whose messages count at a sequence; 0 where none do.</summary>
    public uint At(ulong sequence)
    {
        var epoch = FirstEpoch;
        foreach (var record in Records)
        {
            if (sequence <= record.Kept)
                break;
            if (sequence < record.Marker)
                return 0;
            epoch = record.Epoch;
        }

        return epoch;
    }

    /// <summary>The record of an epoch; null if there is none.</summary>
    public EpochRecord? Find(uint epoch) => Records.FirstOrDefault(record => record.Epoch == epoch);
}
