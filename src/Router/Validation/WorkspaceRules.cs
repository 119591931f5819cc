using System.Numerics;
using Rag.Router.Errors;
using Rag.V1;

namespace Rag.Router.Validation;

/// <summary>A workspace to be made or changed, as far as it can be judged without the models.</summary>
internal static class WorkspaceRules
{
    public static void CheckNew(Workspace? workspace, int partitions)
    {
        var violations = new Violations();
        if (workspace is null)
        {
            violations.Add("workspace", "Describe the workspace: a name is enough.");
            violations.ThrowIfAny();
            return;
        }

        if (TextRules.WorkspaceNameFault(workspace.Name) is { } fault)
            violations.Add("workspace.name", fault);
        CheckSpaces(workspace, violations);
        if (workspace.Spread != 0 && (workspace.Spread > partitions || !BitOperations.IsPow2(workspace.Spread)))
        {
            violations.Add("workspace.spread",
                $"{workspace.Spread} is not a power of two from 1 to {partitions}, the number of partitions; "
                + "0 asks for 1.");
        }

        CheckEmbedding(workspace.Embedding, violations);
        CheckChunking(workspace.Chunking, violations);
        CheckLabels(workspace, violations);
        CheckText(workspace.Text, violations);
        if (workspace.MultiVectorDimension is < 0 or > Limits.MultiVectorDimension)
        {
            violations.Add("workspace.multi_vector_dimension",
                $"{workspace.MultiVectorDimension} is not between 1 and {Limits.MultiVectorDimension}; 0 asks for none.");
        }

        violations.ThrowIfAny();
    }

    private static void CheckText(TextSettings? text, Violations violations)
    {
        if (text is null)
            return;
        if (!Enum.IsDefined(text.Language))
            violations.Add("workspace.text.language", "Use TEXT_LANGUAGE_ENGLISH or TEXT_LANGUAGE_NONE.");
        if (text.HeadingBoost is < 0 or > 10)
            violations.Add("workspace.text.heading_boost", $"{text.HeadingBoost} is not between 1 and 10.");
        if (text.TitleBoost is < 0 or > 10)
            violations.Add("workspace.text.title_boost", $"{text.TitleBoost} is not between 1 and 10.");
    }

    public static void CheckEmbedding(EmbeddingSettings? embedding, Violations violations)
    {
        if (embedding is not null
            && embedding.Ingest is not (EmbeddingIngest.Unspecified or EmbeddingIngest.Full or EmbeddingIngest.Fast
                or EmbeddingIngest.FastThenRefine))
        {
            violations.Add("workspace.embedding.ingest",
                "Use EMBEDDING_INGEST_FAST_THEN_REFINE, EMBEDDING_INGEST_FULL or EMBEDDING_INGEST_FAST.");
        }
    }

    /// <summary>Numbers as the caller gave them: 0 asks for the default, which is filled in later.</summary>
    public static void CheckChunking(ChunkingSettings? chunking, Violations violations)
    {
        if (chunking is null)
            return;
        const int least = 16, most = 8192;
        if (chunking.TargetTokens is not (0 or (>= least and <= most)))
        {
            violations.Add(
                "workspace.chunking.target_tokens", $"{chunking.TargetTokens} is not between {least} and {most}.");
        }

        if (chunking.MaxTokens is not (0 or (>= least and <= most)))
            violations.Add("workspace.chunking.max_tokens", $"{chunking.MaxTokens} is not between {least} and {most}.");
        else if (chunking.MaxTokens > 0 && chunking.TargetTokens > chunking.MaxTokens)
        {
            violations.Add("workspace.chunking.max_tokens",
                $"{chunking.MaxTokens} is below the target of {chunking.TargetTokens}: raise it, or lower the target.");
        }

        if (chunking.OverlapTokens < -1)
        {
            violations.Add("workspace.chunking.overlap_tokens",
                "It is -1 for none, 0 for the default, or a number of tokens.");
        }
        else if (chunking.TargetTokens > 0 && chunking.OverlapTokens > chunking.TargetTokens / 2)
        {
            violations.Add("workspace.chunking.overlap_tokens",
                $"{chunking.OverlapTokens} is more than half of the target of {chunking.TargetTokens}: lower it.");
        }
    }

    public static void CheckLabels(Workspace workspace, Violations violations)
    {
        if (workspace.Labels.Count > Limits.Labels)
            violations.Add("workspace.labels", $"There are {workspace.Labels.Count}: give at most {Limits.Labels}.");
        foreach (var (key, value) in workspace.Labels)
        {
            if (key.Length == 0 || TextRules.IsLonger(key, Limits.LabelKeyBytes))
                violations.Add("workspace.labels", $"A label's key has 1 to {Limits.LabelKeyBytes} bytes of UTF-8.");
            if (TextRules.IsLonger(value, Limits.LabelValueBytes))
            {
                violations.Add($"workspace.labels[{MetadataRules.Shorten(key)}]",
                    $"A label's value has at most {Limits.LabelValueBytes} bytes of UTF-8.");
            }
        }
    }

    /// <summary>Refuses settings that are too large in all, before anything is recorded.</summary>
    public static void CheckSize(Workspace settings)
    {
        var bytes = settings.CalculateSize();
        if (bytes > Limits.SettingsBytes)
        {
            throw Refuse.Invalid("workspace.labels",
                $"The settings have {bytes} bytes in all and may have {Limits.SettingsBytes}: shorten the labels.");
        }
    }

    private static void CheckSpaces(Workspace workspace, Violations violations)
    {
        if (workspace.Spaces.Count > Limits.Spaces)
            violations.Add("workspace.spaces", $"There are {workspace.Spaces.Count}: give at most {Limits.Spaces}.");
        var names = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < workspace.Spaces.Count && i < Limits.Spaces; i++)
        {
            var space = workspace.Spaces[i];
            var field = $"workspace.spaces[{i}]";
            if (TextRules.IsLonger(space.Name, Limits.SpaceNameBytes))
                violations.Add(field + ".name", $"It has at most {Limits.SpaceNameBytes} bytes of UTF-8.");
            if (!names.Add(space.Name))
                violations.Add(field + ".name", $"Two spaces are named '{space.Name}': give each a name of its own.");
            if (TextRules.IsLonger(space.Model, Limits.ModelNameBytes))
                violations.Add(field + ".model", $"It has at most {Limits.ModelNameBytes} bytes of UTF-8.");
            if (space.Dimension is < 0 or > Limits.Dimension)
                violations.Add(field + ".dimension", $"{space.Dimension} is not between 1 and {Limits.Dimension}.");
            else if (space is { Dimension: 0, Model.Length: 0 })
                violations.Add(field + ".dimension", "A space without a model needs the dimension of your vectors.");
            if (space.Metric is not (Metric.Unspecified or Metric.Cosine or Metric.InnerProduct or Metric.L2))
                violations.Add(field + ".metric", "Use METRIC_COSINE, METRIC_INNER_PRODUCT or METRIC_L2.");
            if (!Enum.IsDefined(space.Quantization))
                violations.Add(field + ".quantization", "Use QUANTIZATION_INT8, QUANTIZATION_FLOAT32 or QUANTIZATION_BINARY.");
            else if (space is { Quantization: Quantization.Binary, Dimension: > 0 and < Limits.BinaryDimension })
                violations.Add(field + ".quantization", $"QUANTIZATION_BINARY needs {Limits.BinaryDimension} dimensions or more.");
        }
    }
}
