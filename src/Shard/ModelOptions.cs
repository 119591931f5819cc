using Rag.Embedding;

namespace Rag.Shard;

/// <summary>Which models a shard embeds with, and how.</summary>
public sealed record ModelOptions
{
    /// <summary>Folders that hold models, each in a folder of its own; the first that has a name wins.</summary>
    public required IReadOnlyList<string> Folders { get; init; }

    /// <summary>The model of a vector space that names none. Default "all-MiniLM-L6-v2".</summary>
    public string Default { get; init; } = "all-MiniLM-L6-v2";

    /// <summary>
    /// Whether a text search that asks for no encoder is embedded by the lookup one where the full one would be too late for
    /// its deadline; the answer says so. Default true.
    /// </summary>
    public bool FallBackToLookup { get; init; } = true;

    /// <summary>How models run; its folder and name are filled in for each of them.</summary>
    public EmbedderOptions Embedder { get; init; } = new() { ModelFolder = "-" };

    /// <summary>Every error of these options, each beginning with the option's name; empty if they are fit.</summary>
    public IReadOnlyList<string> Validate()
    {
        var errors = new List<string>();
        if (Folders.Count == 0)
            errors.Add($"{nameof(Folders)} must name at least one folder.");
        if (Default.Length == 0)
            errors.Add($"{nameof(Default)} must name a model.");
        errors.AddRange(Embedder.Validate().Select(error => $"{nameof(Embedder)}.{error}"));
        return errors;
    }
}
