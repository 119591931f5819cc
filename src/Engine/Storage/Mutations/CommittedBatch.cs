namespace Rag.Engine.Storage;

/// <summary>Records that are on stable storage and wait for the sink.</summary>
internal sealed record CommittedBatch(IReadOnlyList<AppendRequest> Requests, long Position);
