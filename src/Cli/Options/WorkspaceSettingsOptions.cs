using System.CommandLine;
using Rag.V1;

namespace Rag.Cli.Options;

/// <summary>The settings of a workspace as options.</summary>
internal sealed class WorkspaceSettingsOptions(bool forCreation)
{
    private readonly Option<string?> _ingest = new("--ingest")
    {
        Description = "Encoder of passages: fast (lookup), full, or first the one and later the other.",
        HelpName = "fast-then-refine|full|fast",
    };

    private readonly Option<int?> _targetTokens = new("--target-tokens") { Description = "Chunks aim at this size, 16 to 8,192." };

    private readonly Option<int?> _maxTokens = new("--max-tokens") { Description = "No chunk is longer." };

    private readonly Option<int?> _overlapTokens = new("--overlap-tokens")
    {
        Description = "Repeated from the chunk before; -1 for none.",
    };

    private readonly Option<string[]> _labels = new("--label") { Description = "A label of yours.", HelpName = "KEY=VALUE" };

    private readonly Option<string?> _model = new("--model") { Description = "Model of the default space." };

    private readonly Option<int?> _dimension = new("--dimension")
    {
        Description = "Callers bring vectors of this dimension; no model.",
    };

    private readonly Option<string> _metric = new("--metric")
    {
        Description = "How vectors are compared.",
        DefaultValueFactory = _ => "cosine",
    };

    private readonly Option<string> _quantization = new("--quantization")
    {
        Description = "Form in which vectors are traversed.",
        DefaultValueFactory = _ => "int8",
    };

    private readonly Option<int?> _spread = new("--spread") { Description = "Buckets that documents are spread over: a power of two." };

    private readonly Option<string> _language = new("--language")
    {
        Description = "Whose endings are taken off words: english, or none.", DefaultValueFactory = _ => "english",
    };

    private readonly Option<int> _headingBoost = new("--heading-boost")
    {
        Description = "How often words of headings count beside those of the text, 1 to 10.", DefaultValueFactory = _ => 1,
    };

    private readonly Option<int> _multiVectorDimension = new("--multi-vector-dimension")
    {
        Description = "Chunks may carry several vectors of this dimension for late interaction, 1 to 1,024.",
    };

    private readonly Option<int> _titleBoost = new("--title-boost")
    {
        Description = "How often words of the document's title count beside those of the text, 1 to 10.", DefaultValueFactory = _ => 1,
    };

    public void AddTo(Command command)
    {
        _language.AcceptOnlyFromAmong("english", "none");
        _ingest.AcceptOnlyFromAmong("fast-then-refine", "full", "fast");
        _metric.AcceptOnlyFromAmong("cosine", "ip", "l2");
        _quantization.AcceptOnlyFromAmong("int8", "float32", "binary");
        foreach (var option in new Option[] { _ingest, _targetTokens, _maxTokens, _overlapTokens, _labels })
            command.Options.Add(option);
        if (!forCreation)
            return;
        Option[] fixedLater =
            [_model, _dimension, _metric, _quantization, _spread, _language, _headingBoost, _titleBoost, _multiVectorDimension];
        foreach (var option in fixedLater)
            command.Options.Add(option);
    }

    /// <summary>The settings and the paths of those that were named.</summary>
    public (Workspace Workspace, IReadOnlyList<string> Paths) Read(ParseResult parsed, string name)
    {
        var workspace = new Workspace { Name = name };
        var paths = new List<string>();
        if (parsed.GetValue(_ingest) is { } ingest)
        {
            workspace.Embedding = new EmbeddingSettings
            {
                Ingest = ingest switch
                {
                    "fast" => EmbeddingIngest.Fast,
                    "full" => EmbeddingIngest.Full,
                    _ => EmbeddingIngest.FastThenRefine,
                },
            };
            paths.Add("embedding.ingest");
        }

        ReadChunking(parsed, workspace, paths);
        foreach (var (key, value) in MetadataOption.Split(parsed.GetValue(_labels) ?? []))
            workspace.Labels[key] = value;
        if (workspace.Labels.Count > 0)
            paths.Add("labels");
        if (forCreation)
        {
            ReadSpace(parsed, workspace);
            workspace.MultiVectorDimension = parsed.GetValue(_multiVectorDimension);
            workspace.Text = new TextSettings
            {
                Language = parsed.GetValue(_language) == "none" ? TextLanguage.None : TextLanguage.English,
                HeadingBoost = parsed.GetValue(_headingBoost),
                TitleBoost = parsed.GetValue(_titleBoost),
            };
        }

        return (workspace, paths);
    }

    private void ReadChunking(ParseResult parsed, Workspace workspace, List<string> paths)
    {
        var chunking = new ChunkingSettings();
        if (parsed.GetValue(_targetTokens) is { } target)
        {
            chunking.TargetTokens = target;
            paths.Add("chunking.target_tokens");
        }

        if (parsed.GetValue(_maxTokens) is { } max)
        {
            chunking.MaxTokens = max;
            paths.Add("chunking.max_tokens");
        }

        if (parsed.GetValue(_overlapTokens) is { } overlap)
        {
            chunking.OverlapTokens = overlap;
            paths.Add("chunking.overlap_tokens");
        }

        if (paths.Exists(path => path.StartsWith("chunking", StringComparison.Ordinal)))
            workspace.Chunking = chunking;
    }

    private void ReadSpace(ParseResult parsed, Workspace workspace)
    {
        if (parsed.GetValue(_spread) is { } spread)
            workspace.Spread = spread;
        var model = parsed.GetValue(_model);
        var dimension = parsed.GetValue(_dimension);
        var metric = parsed.GetValue(_metric);
        var quantization = parsed.GetValue(_quantization);
        if (model is null && dimension is null && metric == "cosine" && quantization == "int8")
            return; // Nothing but defaults: those of the server hold.
        workspace.Spaces.Add(new VectorSpace
        {
            Model = model ?? "",
            Dimension = dimension ?? 0,
            Metric = metric switch { "ip" => Metric.InnerProduct, "l2" => Metric.L2, _ => Metric.Cosine },
            Quantization = Enum.Parse<Quantization>(quantization!, ignoreCase: true),
        });
    }
}
