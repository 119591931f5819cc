namespace Rag.Embedding;

/// <summary>How far a pull is.</summary>
/// <param name="File">The file that is being fetched.</param>
/// <param name="FileBytes">Bytes of it that are here, those of an earlier attempt included.</param>
/// <param name="FileSize">Its size, or null while the hub has not said.</param>
/// <param name="TotalBytes">Bytes of all files that are here.</param>
/// <param name="TotalSize">Bytes of all files, or null while the hub has not said.</param>
public sealed record ModelPullProgress(string File, long FileBytes, long? FileSize, long TotalBytes, long? TotalSize);
