namespace Rag.Engine.Storage;

/// <summary>The last number given to a record of a workspace.</summary>
/// <param name="Last">The number.</param>
/// <param name="Until">Position behind the record's commit: once the log begins there, numbering may start anew.</param>
internal readonly record struct WorkspaceNumber(ulong Last, long Until);
