using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Rag.Embedding;
using Rag.Shard.Mapping;

namespace Rag.Shard.Embedding;

/// <summary>The models that this shard can embed with, loaded on first use and kept. Thread-safe.</summary>
internal sealed class ModelRegistry(ModelOptions options, ILoggerFactory loggers) : IAsyncDisposable
{
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

    /// <summary>What lies in the model folders, loaded or not.</summary>
    public IReadOnlyList<ModelInfo> List() =>
        [.. new ModelCatalog(options.Folders).List().Select(entry => entry.Model).OfType<ModelInfo>()];

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

    private LoadedModel Load(string name)
    {
        try
        {
            var info = new ModelCatalog(options.Folders).Find(name);
            var embedder = Embedder.Load(
                options.Embedder with { ModelFolder = info.Folder, ModelName = name }, loggers);
            return new LoadedModel(name, embedder);
        }
        catch (ModelFormatException fault)
        {
            throw new InvalidInputException($"Model '{name}' is not usable: {fault.Message}");
        }
    }
}
