namespace Rag.Ingestor.Jobs;

/// <summary>Whether no other process can hold jobs of this store, as where its folder is locked.</summary>
/// <param name="IsAlone">Then all claims found at the start are of the dead.</param>
internal sealed record Solitude(bool IsAlone);
