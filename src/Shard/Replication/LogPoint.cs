using Rag.Engine;

namespace Rag.Shard.Replication;

/// <summary>
/// A mutation of a replica, and the message of the stream that it was found in. The sequence and the time tell one storing
/// from every other: what takes the place of a lost message was stored at another time, though it be the same message
/// sent again. So a stream that still has this message has all that was before it.
/// </summary>
/// <param name="Stamp">The mutation's place.</param>
/// <param name="Id">Its id; empty if it is not known.</param>
/// <param name="Sequence">The message's sequence; 0 if it is not known.</param>
/// <param name="StoredAt">When the stream stored it, in ticks; 0 if that is not known.</param>
internal readonly record struct LogPoint(WriteStamp Stamp, Guid Id, ulong Sequence = 0, long StoredAt = 0);
