using Rag.Cli.Composition;
using Rag.Embedding;

namespace Rag.Cli.Embedding;

/// <summary>The models that lie on this machine.</summary>
internal static class LocalModels
{
    public const string Default = "all-MiniLM-L6-v2";

    /// <summary>Those that cannot be used too, with the reason.</summary>
    public static IReadOnlyList<ModelCatalogEntry> List() => new ModelCatalog(ModelFolders.All).List();

    /// <param name="name">'' is the default model.</param>
    /// <exception cref="ModelFormatException">There is no such model, or it cannot be used.</exception>
    public static ModelInfo Get(string name) =>
        new ModelCatalog(ModelFolders.All).Find(name.Length == 0 ? Default : name);
}
