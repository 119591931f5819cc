using System.Collections.Concurrent;
using Rag.Embedding;
using Rag.Shard.Mapping;

namespace Rag.Shard.Embedding;

/// <summary>Models of one use, loaded when first asked for and kept. Thread-safe.</summary>
/// <param name="options">Where models lie, and how they run.</param>
/// <param name="load">Opens one; may throw <see cref="ModelFormatException"/>.</param>
internal abstract class OnDemandModels<TModel>(ModelOptions options, Func<EmbedderOptions, TModel> load) : IDisposable
    where TModel : class, IDisposable
{
    private readonly ModelCatalog _catalog = new(options.Folders);
    private readonly ConcurrentDictionary<string, Lazy<TModel>> _loaded = new(StringComparer.Ordinal);

    /// <summary>The model of this name.</summary>
    /// <exception cref="InvalidInputException">There is none, or its files are not usable.</exception>
    public TModel Get(string name)
    {
        var model = _loaded.GetOrAdd(name, key => new Lazy<TModel>(() => Load(key)));
        try
        {
            return model.Value;
        }
        catch
        {
            // A model that is put there later must be found then.
            _loaded.TryRemove(new KeyValuePair<string, Lazy<TModel>>(name, model));
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
    private TModel Load(string name)
    {
        var entry = _catalog.List().FirstOrDefault(listed => listed.Name == name) ?? throw new InvalidInputException(
            $"This server has no model '{name}'; pull it with `rag model pull {name}`, or name one that "
            + "`rag model list` shows.");
        try
        {
            return load(options.Embedder with { ModelFolder = entry.Folder, ModelName = name });
        }
        catch (ModelFormatException fault)
        {
            throw new InvalidInputException($"Model '{name}' is not usable: {fault.Message}");
        }
    }
}
