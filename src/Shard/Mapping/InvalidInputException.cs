namespace Rag.Shard.Mapping;

/// <summary>A request that cannot be understood; the message says what to do.</summary>
internal sealed class InvalidInputException(string message) : Exception(message);
