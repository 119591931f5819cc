namespace Rag.Engine.Storage;

/// <summary>A group commit that is on stable storage.</summary>
/// <param name="Info">What it consists of.</param>
/// <param name="Until">Position behind its footer.</param>
/// <param name="Session">Session of its records.</param>
internal readonly record struct CommittedRange(CommitInfo Info, long Until, uint Session);
