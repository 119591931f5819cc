namespace Rag.Shard.Replication.Nats;

/// <summary>NATS has too few servers for the copies of a stream, as far as they know of each other.</summary>
internal sealed class NoPlaceForStreamException(string message, Exception cause) : InvalidOperationException(message, cause);
