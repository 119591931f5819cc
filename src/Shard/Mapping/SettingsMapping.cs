using Google.Protobuf;
using Rag.Engine;
using Rag.Engine.Sparse;
using Rag.V1;
using Metric = Rag.Engine.Indexing.Metric;
using VectorCodec = Rag.Engine.Indexing.VectorCodec;
using WorkspaceState = Rag.Engine.WorkspaceState;

namespace Rag.Shard.Mapping;

/// <summary>
/// A workspace's settings between the protos and the engine. The whole message travels along as the extension, so that
/// a shard needs no metadata store to know which model and encoder a space uses.
/// </summary>
internal static class SettingsMapping
{
    public static WorkspaceSettings ToEngine(Workspace workspace)
    {
        if (!Guid.TryParse(workspace.Uid, out var uid))
            throw new InvalidInputException($"'{workspace.Uid}' is no workspace uid; it is a UUID in text.");
        if (workspace.Version < 1)
            throw new InvalidInputException("Settings need a version of at least 1.");
        return new WorkspaceSettings
        {
            Uid = uid,
            Version = (ulong)workspace.Version,
            State = ToEngine(workspace.State),
            Spaces =
            [
                .. workspace.Spaces.Select(ToEngine),
                .. workspace.ModelChange?.Target is { } target ? new[] { ToEngine(target) } : [],
            ],
            Text = ToEngine(workspace.Text),
            Extension = workspace.ToByteArray(),
        };
    }

    private static Engine.TextSettings ToEngine(V1.TextSettings? text) => text is null
        ? Engine.TextSettings.Default
        : new Engine.TextSettings
        {
            Language = text.Language switch
            {
                TextLanguage.Unspecified or TextLanguage.English => AnalysisLanguage.English,
                TextLanguage.None => AnalysisLanguage.None,
                var other => throw new InvalidInputException($"There is no language {(int)other} here."),
            },
            AttributeBoost = Math.Clamp(text.HeadingBoost, 1, 10),
            TitleBoost = Math.Clamp(text.TitleBoost, 1, 10),
        };

    private static WorkspaceState ToEngine(V1.WorkspaceState state) => state switch
    {
        V1.WorkspaceState.Creating => WorkspaceState.Creating,
        V1.WorkspaceState.Active => WorkspaceState.Active,
        V1.WorkspaceState.Deleting => WorkspaceState.Deleting,
        _ => throw new InvalidInputException("Settings need a state."),
    };

    private static VectorSpaceSettings ToEngine(VectorSpace space) => new()
    {
        Name = space.Index.Length > 0 ? space.Index : space.Name,
        Dimension = space.Dimension,
        Metric = space.Metric switch
        {
            V1.Metric.InnerProduct => Metric.InnerProduct,
            V1.Metric.L2 => Metric.L2,
            _ => Metric.Cosine,
        },
        Codec = space.Quantization switch
        {
            Quantization.Float32 => VectorCodec.Float32,
            Quantization.Binary => VectorCodec.Binary,
            _ => VectorCodec.Int8,
        },
    };
}
