namespace Rag.Engine.Mutations;

/// <summary>What a record of the mutation log does. The numbers are stored: never change them.</summary>
internal enum MutationKind : byte
{
    Settings = 1,
    Upsert = 2,
    Delete = 3,
    Stage = 4,
    Commit = 5,
    Abort = 6,

    /// <summary>As an upsert, of vectors only and for a version of a chunk that stays the same.</summary>
    Refine = 7,

    /// <summary>A mutation that a replica brought later than its place (LateMutation).</summary>
    Late = 8,
}
