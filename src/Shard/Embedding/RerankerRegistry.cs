using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Rag.Embedding;
using Rag.Shard.Mapping;

namespace Rag.Shard.Embedding;

/// <summary>The cross-encoders that this shard can rerank with, loaded on first use and kept. Thread-safe.</summary>
internal sealed class RerankerRegistry(ModelOptions options, ILoggerFactory loggers) : IDisposable
{
    private readonly ModelCatalog _catalog = new(options.Folders);
    private readonly ConcurrentDictionary<string, Lazy<CrossEncoder>> _loaded = new(StringComparer.Ordinal);

    /// <summary>The model of this name.</summary>
    /// <exception cref="InvalidInputException">There is none, or its files are not usable.</exception>
    public CrossEncoder Get(string name)
    {
        var model = _loaded.GetOrAdd(name, key => new Lazy<CrossEncoder>(() => Load(key)));
        try
        {
            return model.Value;
        }
        catch
        {
            // A model that is put there later must be found then.
            _loaded.TryRemove(new KeyValuePair<string, Lazy<CrossEncoder>>(name, model));
            throw;
        }
    }

    public void Dispose()
    {
        foreach (var model in _loaded.Values)
        {
            if (model.IsValueCreated)
                model.Value.Dispose();
        }

        _loaded.Clear();
    }

    // Whole names only, and only of what the catalog lists: a caller's name never becomes part of a path.
    private CrossEncoder Load(string name)
    {
        var entry = _catalog.List().FirstOrDefault(listed => listed.Name == name) ?? throw new InvalidInputException(
            $"This server has no model '{name}'; pull it with `rag model pull {name}`, or name one that "
            + "`rag model list` shows.");
        try
        {
            return CrossEncoder.Load(options.Embedder with { ModelFolder = entry.Folder, ModelName = name }, loggers);
        }
        catch (ModelFormatException fault)
        {
            throw new InvalidInputException($"Model '{name}' is not usable: {fault.Message}");
        }
    }
}
