using System.Runtime.CompilerServices;
using Rag.Engine;
using Rag.V1;

namespace Rag.Shard.Services;

/// <summary>
/// What the shard itself reads in a workspace's settings: the models and the ingest encoder. Parsed once for each
/// version of the settings. Immutable.
/// </summary>
internal sealed class WorkspaceProfile
{
    private static readonly ConditionalWeakTable<WorkspaceSettings, WorkspaceProfile> Profiles = [];

    private readonly Dictionary<string, string> _models = new(StringComparer.Ordinal);

    private WorkspaceProfile(WorkspaceSettings settings)
    {
        var workspace = Workspace.Parser.ParseFrom(settings.Extension.Span);
        Ingest = workspace.Embedding?.Ingest ?? EmbeddingIngest.Full;
        foreach (var space in workspace.Spaces)
        {
            if (space.Model.Length > 0)
                _models.Add(space.Name, space.Model);
        }
    }

    public EmbeddingIngest Ingest { get; }

    /// <summary>Spaces that embed text, with the names of their models.</summary>
    public IReadOnlyDictionary<string, string> Models => _models;

    public static WorkspaceProfile Of(WorkspaceSettings settings) =>
        Profiles.GetValue(settings, static key => new WorkspaceProfile(key));
}
