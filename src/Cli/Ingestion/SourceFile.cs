namespace Rag.Cli.Ingestion;

/// <summary>A file to take in and the id of the document it becomes.</summary>
internal readonly record struct SourceFile(string Path, string DocumentId);
