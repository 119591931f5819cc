namespace Rag.Embedding.Pull;

/// <summary>A file that a hub offers.</summary>
/// <param name="Path">Its path in the repository, with slashes.</param>
/// <param name="Size">Bytes, if the hub said.</param>
/// <param name="Checksum">Its checksum, if the hub said.</param>
internal sealed record HubFile(string Path, long? Size, HubChecksum? Checksum);
