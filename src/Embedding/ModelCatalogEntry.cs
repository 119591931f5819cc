namespace Rag.Embedding;

/// <summary>A folder that looks like a model.</summary>
/// <param name="Name">Its name below the models folder.</param>
/// <param name="Folder">Its absolute path.</param>
/// <param name="Model">What it holds, or null if it cannot be used.</param>
/// <param name="Error">Why it cannot be used, or null.</param>
public sealed record ModelCatalogEntry(string Name, string Folder, ModelInfo? Model, string? Error);
