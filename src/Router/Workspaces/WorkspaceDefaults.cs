using Rag.Hosting.Topology;
using Rag.Internal.V1;
using Rag.Router.Embedding;
using Rag.Router.Errors;
using Rag.Router.Shards;
using Rag.Router.Validation;
using Rag.V1;

namespace Rag.Router.Workspaces;

/// <summary>
/// Fills in what a caller left out, so that stored settings never depend on later defaults. Thread-safe.
/// </summary>
internal sealed class WorkspaceDefaults(ModelCatalog models)
{
    private const int TargetTokens = 200;
    private const int OverlapTokens = 30;
    private const int LeastTokens = 16;

    /// <summary>Token limit where no model says it.</summary>
    private const int MaxTokensWithoutModel = 512;

    /// <summary>Complete settings of a new workspace; the caller's message is not changed.</summary>
    public async Task<Workspace> CompleteAsync(Workspace asked, int partitions, CallScope scope)
    {
        var settings = asked.Clone();
        settings.ModelChange = null;
        if (settings.Spaces.Count == 0)
            settings.Spaces.Add(new VectorSpace { Model = await DefaultModelNameAsync(scope) });
        for (var i = 0; i < settings.Spaces.Count; i++)
            await CompleteAsync(settings.Spaces[i], $"workspace.spaces[{i}]", scope);
        settings.Spread = Math.Max(1, settings.Spread);
        settings.Partitions.Clear();
        settings.Partitions.AddRange(Placement.PartitionsOf(settings.Name, settings.Spread, partitions));
        settings.Embedding ??= new EmbeddingSettings();
        if (settings.Embedding.Ingest == EmbeddingIngest.Unspecified)
            settings.Embedding.Ingest = await DefaultIngestAsync(settings, scope);
        settings.Text ??= new TextSettings();
        if (settings.Text.Language == TextLanguage.Unspecified)
            settings.Text.Language = TextLanguage.English;
        settings.Text.HeadingBoost = Math.Max(1, settings.Text.HeadingBoost);
        settings.Text.TitleBoost = Math.Max(1, settings.Text.TitleBoost);
        settings.Chunking = await CompleteChunkingAsync(settings, scope);
        return settings;
    }

    /// <summary>Complete chunking settings, checked against each other and the default space's model.</summary>
    public async Task<ChunkingSettings> CompleteChunkingAsync(Workspace settings, CallScope scope)
    {
        var asked = settings.Chunking ?? new ChunkingSettings();
        var limit = await MaxTokensAsync(settings, scope);
        var most = limit > 0 ? limit : MaxTokensWithoutModel;
        var max = asked.MaxTokens > 0 ? asked.MaxTokens : Math.Max(most, asked.TargetTokens);
        var target = asked.TargetTokens > 0 ? asked.TargetTokens : Math.Clamp(TargetTokens, LeastTokens, max);
        var overlap = asked.OverlapTokens != 0 ? asked.OverlapTokens : Math.Min(OverlapTokens, target / 2);
        if (limit > 0 && max > limit)
        {
            throw Refuse.Invalid("workspace.chunking.max_tokens",
                $"The model reads at most {limit} tokens, so longer chunks would be cut: ask for at most {limit}.");
        }

        var complete = new ChunkingSettings { TargetTokens = target, MaxTokens = max, OverlapTokens = overlap };
        var violations = new Violations();
        WorkspaceRules.CheckChunking(complete, violations);
        violations.ThrowIfAny();
        return complete;
    }

    /// <summary>Fast, and refined later, where a model of the workspace has both encoders.</summary>
    public async Task<EmbeddingIngest> DefaultIngestAsync(Workspace settings, CallScope scope)
    {
        foreach (var space in settings.Spaces)
        {
            if (space.Model.Length > 0 && await models.FindAsync(space.Model, scope) is { Lookup: true })
                return EmbeddingIngest.FastThenRefine;
        }

        return EmbeddingIngest.Full;
    }

    /// <summary>
    /// Tokens of a text that the default space's model reads, without the special ones; 0 where callers bring vectors.
    /// </summary>
    public async Task<int> MaxTokensAsync(Workspace settings, CallScope scope)
    {
        foreach (var space in settings.Spaces)
        {
            if (space is { Name.Length: 0, Model.Length: > 0 })
                return (await models.FindAsync(space.Model, scope))?.MaxTokens ?? 0;
        }

        return 0;
    }

    private async Task<string> DefaultModelNameAsync(CallScope scope) =>
        (await models.FindAsync("", scope))?.Name ?? throw Refuse.Invalid("workspace.spaces",
            "This server has no default model: give a space with a dimension, and send vectors.");

    private async Task CompleteAsync(VectorSpace space, string field, CallScope scope)
    {
        space.Index = "";
        if (space.Metric == Metric.Unspecified)
            space.Metric = Metric.Cosine;
        if (space.Quantization == Quantization.Unspecified)
            space.Quantization = Quantization.Int8;
        if (space.Model.Length == 0)
            return;
        Model model = await models.FindAsync(space.Model, scope) ?? throw Refuse.Invalid(
            field + ".model", $"There is no model '{space.Model}': this server has {models.Names}.");
        if (space.Dimension != 0 && space.Dimension != model.Dimension)
        {
            throw Refuse.Invalid(field + ".dimension",
                $"Model '{space.Model}' makes vectors of {model.Dimension} dimensions, not {space.Dimension}: "
                + "leave it out.");
        }

        space.Dimension = model.Dimension;
    }
}
