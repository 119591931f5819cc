using Rag.Ingestor.Chunking;

namespace Rag.Cli.Composition;

/// <summary>Token counters of the models in several folders; the first that has a model wins. Thread-safe.</summary>
internal sealed class CatalogTokenCounters(IReadOnlyList<string> folders) : ITokenCounters
{
    private readonly FolderTokenCounters[] _counters = [.. folders.Select(folder => new FolderTokenCounters(folder))];

    public ITokenCounter? Find(string model)
    {
        foreach (var counters in _counters)
        {
            if (counters.Find(model) is { } found)
                return found;
        }

        return null;
    }
}
