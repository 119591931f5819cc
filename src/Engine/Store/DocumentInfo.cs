namespace Rag.Engine;

/// <summary>What a slice knows of a document.</summary>
/// <param name="DocumentId">Its id.</param>
/// <param name="Generation">Generation that was committed last; empty if its chunks were only written singly.</param>
/// <param name="Version">Position of that commit; none if there was none.</param>
/// <param name="Chunks">Visible chunks.</param>
public sealed record DocumentInfo(string DocumentId, Guid Generation, WriteStamp Version, int Chunks);
