using Rag.Engine;

namespace Rag.Shard.Replication;

/// <summary>How replicas of a partition speak with each other. Thread-safe.</summary>
internal interface IReplicaPeers
{
    /// <summary>Asks another shard; null if it does not answer in time or has no such replica.</summary>
    ValueTask<PeerAnswer?> AskAsync(
        string shard, PeerQuestion question, TimeSpan patience, CancellationToken cancellationToken);
}

/// <summary>What one replica wants of another.</summary>
internal enum PeerVerb
{
    /// <summary>Say how far you are.</summary>
    Tell = 1,

    /// <summary>Stop, take no part in lower epochs any more, and say how far you are.</summary>
    Promise = 2,

    /// <summary>You have more than I: begin an epoch.</summary>
    Lead = 3,

    /// <summary>An epoch is complete: look.</summary>
    Look = 4,
}

/// <param name="Verb">What is wanted.</param>
/// <param name="Partition">Of which partition.</param>
/// <param name="Epoch">Of <see cref="PeerVerb.Promise"/>.</param>
/// <param name="Last">The last epoch of the history that the asking replica sees; none where it does not matter.</param>
internal sealed record PeerQuestion(PeerVerb Verb, int Partition, uint Epoch = 0, EpochMark Last = default);

/// <param name="Stamp">Place of the last mutation that is durable there.</param>
/// <param name="LastId">Its id; empty if it is not known any more.</param>
/// <param name="Promised">The highest epoch seen there.</param>
/// <param name="Followed">The epoch that it followed last.</param>
/// <param name="IsOpen">It takes writes, and was connected without a break since it made sure of that.</param>
/// <param name="Accepted">Whether the promise was given.</param>
/// <param name="Through">Up to this sequence of the stream it has everything of the partition.</param>
/// <param name="LastAt">The stream's message that the last one was found in; 0 if it is not known.</param>
/// <param name="LastStoredAt">When that was stored, in ticks; 0 if it is not known.</param>
/// <param name="IsApart">What it has belongs to another history than the asking replica's: it has to take some of it back.</param>
internal sealed record PeerAnswer(
    WriteStamp Stamp, Guid LastId, uint Promised, uint Followed, bool IsOpen, bool Accepted, ulong Through, bool IsApart = false,
    ulong LastAt = 0, long LastStoredAt = 0)
{
    /// <summary>The last mutation there.</summary>
    public LogPoint Last => new(Stamp, LastId, LastAt, LastStoredAt);
}
