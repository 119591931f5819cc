namespace Rag.Metadata;

/// <summary>
/// How much of one worker a workspace may take, so that a tenant's flood of slow files leaves room for the others.
/// </summary>
/// <param name="MostOfOneWorkspace">Most jobs of one workspace that the worker may hold; at least 1.</param>
/// <param name="Held">How many it holds of each workspace; absent: none.</param>
public sealed record ClaimShare(int MostOfOneWorkspace, IReadOnlyDictionary<Guid, int> Held)
{
    /// <summary>No limit.</summary>
    public static ClaimShare Whole { get; } = new(int.MaxValue, new Dictionary<Guid, int>());

    /// <summary>Jobs of a workspace that may still be claimed.</summary>
    public int RoomOf(Guid workspaceUid) => MostOfOneWorkspace - Held.GetValueOrDefault(workspaceUid);
}
