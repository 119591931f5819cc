using System.Runtime.CompilerServices;
using Rag.Engine;
using Rag.Shard.Mapping;
using Rag.V1;

namespace Rag.Shard.Services;

/// <summary>
/// What the shard itself reads in a workspace's settings: the spaces with their models, and the ingest encoder. Parsed
/// once for each version of the settings. Immutable.
/// </summary>
internal sealed class WorkspaceProfile
{
    private static readonly ConditionalWeakTable<WorkspaceSettings, WorkspaceProfile> Profiles = [];

    private WorkspaceProfile(WorkspaceSettings settings)
    {
        var workspace = Workspace.Parser.ParseFrom(settings.Extension.Span);
        Ingest = workspace.Embedding?.Ingest ?? EmbeddingIngest.Full;
        MultiVectorDimension = workspace.MultiVectorDimension;
        var spaces = new List<ProfileSpace>();
        foreach (var space in workspace.Spaces)
            spaces.Add(ToProfile(space, isHidden: false));
        if (workspace.ModelChange?.Target is { } target)
            spaces.Add(ToProfile(target, isHidden: true));
        Spaces = spaces;
    }

    public EmbeddingIngest Ingest { get; }

    /// <summary>Dimensions of chunks' multi-vectors; 0: they have none.</summary>
    public int MultiVectorDimension { get; }

    /// <summary>All sets of vectors, those that searches do not use yet last.</summary>
    public IReadOnlyList<ProfileSpace> Spaces { get; }

    /// <summary>Whether vectors of the lookup encoder are there for searches at once.</summary>
    public bool IngestsFast => Ingest is EmbeddingIngest.Fast or EmbeddingIngest.FastThenRefine;

    public static WorkspaceProfile Of(WorkspaceSettings settings) =>
        Profiles.GetValue(settings, static key => new WorkspaceProfile(key));

    /// <summary>The space that callers know by this name.</summary>
    public ProfileSpace? Find(string name)
    {
        for (var i = 0; i < Spaces.Count; i++)
        {
            if (Spaces[i] is { IsHidden: false } space && space.Name == name)
                return space;
        }

        return null;
    }

    /// <summary>The set of vectors that the engine knows by this name.</summary>
    public ProfileSpace? FindIndex(string index)
    {
        for (var i = 0; i < Spaces.Count; i++)
        {
            if (Spaces[i].Index == index)
                return Spaces[i];
        }

        return null;
    }

    /// <summary>The engine's name for what callers call so; a name that is not known stays what it is.</summary>
    /// <exception cref="InvalidInputException">It is the engine's own name for something.</exception>
    public string IndexOf(string name)
    {
        if (Find(name) is { } space)
            return space.Index;
        return FindIndex(name) is null
            ? name
            : throw new InvalidInputException("The workspace has no vector space of this name.");
    }

    private ProfileSpace ToProfile(VectorSpace space, bool isHidden) => new(
        space.Name, space.Index.Length > 0 ? space.Index : space.Name, space.Model, isHidden,
        Ingest == EmbeddingIngest.FastThenRefine, IsFilled: space.Index.Length > 0, Ingest == EmbeddingIngest.Fast);
}

/// <summary>A set of vectors of a workspace.</summary>
/// <param name="Name">What callers call it.</param>
/// <param name="Index">What the engine calls it: never another set's, so that what was made for one gets into no other.</param>
/// <param name="Model">The model that embeds text for it; empty for none.</param>
/// <param name="IsHidden">Whether it is not searched yet.</param>
/// <param name="IsRefined">Whether lookup vectors are replaced by full ones in the background.</param>
/// <param name="IsFilled">Whether chunks without a vector get one in the background.</param>
/// <param name="IsQuick">Whether lookup vectors are good enough.</param>
internal sealed record ProfileSpace(
    string Name, string Index, string Model, bool IsHidden, bool IsRefined, bool IsFilled, bool IsQuick);
