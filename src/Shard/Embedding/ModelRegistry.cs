using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Rag.Embedding;
using Rag.Shard.Mapping;

namespace Rag.Shard.Embedding;

/// <summary>The models that this shard can embed with, loaded on first use and kept. Thread-safe.</summary>
internal sealed class ModelRegistry(ModelOptions options, ILoggerFactory loggers) : IAsyncDisposable
{
    private readonly ModelCatalog _catalog = new(options.Folders);
    private readonly ConcurrentDictionary<string, Lazy<LoadedModel>> _loaded = new(StringComparer.Ordinal);
    private volatile bool _disposed;

    /// <summary>The model of a space that names none.</summary>
    public string DefaultName => options.Default;

    /// <summary>The model of this name; '' is the default one.</summary>
    /// <exception cref="InvalidInputException">There is none, or its files are not usable.</exception>
    public LoadedModel Get(string name)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (name.Length == 0)
            name = DefaultName;
        if (!_loaded.TryGetValue(name, out var model))
            model = _loaded.GetOrAdd(name, key => new Lazy<LoadedModel>(() => Load(key)));
        try
        {
            return model.Value;
        }
        catch
        {
            // A model that is put there later must be found then.
            _loaded.TryRemove(new KeyValuePair<string, Lazy<LoadedModel>>(name, model));
            throw;
        }
    }

    /// <summary>What lies in the model folders and can be used, loaded or not.</summary>
    public IReadOnlyList<LoadedModel> List()
    {
        var models = new List<LoadedModel>();
        foreach (var entry in _catalog.List())
        {
            try
            {
                models.Add(Get(entry.Name));
            }
            catch (InvalidInputException)
            {
                // Not a usable one: whoever names it is told why.
            }
        }

        return models;
    }

    public async ValueTask DisposeAsync()
    {
        _disposed = true;
        foreach (var model in _loaded.Values)
        {
            if (model.IsValueCreated)
                await model.Value.Embedder.DisposeAsync();
        }

        _loaded.Clear();
    }

    // Whole names only, and only of what the catalog lists: a caller's name never becomes part of a path.
    private LoadedModel Load(string name)
    {
        var entry = _catalog.List().FirstOrDefault(listed => listed.Name == name) ?? throw new InvalidInputException(
            $"This server has no model '{name}'; pull it with `rag model pull {name}`, or name one that "
            + "`rag model list` shows.");
        if (entry.Model is { ReadsPairs: true })
        {
            throw new InvalidInputException(
                $"Model '{name}' scores pairs of texts and makes no vectors: name it to rerank by.");
        }

        try
        {
            return new LoadedModel(
                name, Embedder.Load(options.Embedder with { ModelFolder = entry.Folder, ModelName = name }, loggers))
            {
                FallsBack = options.FallBackToLookup,
            };
        }
        catch (ModelFormatException fault)
        {
            throw new InvalidInputException($"Model '{name}' is not usable: {fault.Message}");
        }
    }
}
