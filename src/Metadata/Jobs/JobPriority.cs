namespace Rag.Metadata;

/// <summary>
/// Which of a workspace's jobs come first. It orders the jobs of one workspace and chooses their lane; it gives no
/// workspace more than its share. The numbers are stored and are those of the public API: never change them.
/// </summary>
public enum JobPriority : byte
{
    /// <summary>Somebody waits for it.</summary>
    High = 1,

    Normal = 2,

    /// <summary>One of very many: an import, a migration.</summary>
    Bulk = 3,
}
