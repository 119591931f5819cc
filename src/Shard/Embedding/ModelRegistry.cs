using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Rag.Embedding;
using Rag.Shard.Mapping;

namespace Rag.Shard.Embedding;

/// <summary>The models that this shard can embed with, loaded on first use and kept. Thread-safe.</summary>
internal sealed class ModelRegistry(ModelOptions options, ILoggerFactory loggers) : IAsyncDisposable
{
    private const string ConfigFile = "config.json";

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
        foreach (var name in options.Folders.SelectMany(NamesIn).Distinct(StringComparer.Ordinal))
        {
            try
            {
                models.Add(Get(name));
            }
            catch (InvalidInputException)
            {
                // Not a model, or not a usable one: whoever names it is told why.
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

    // A model lies in a folder of its own, or in one below its organisation's: NAME or ORGANISATION/NAME.
    private static IEnumerable<string> NamesIn(string folder)
    {
        if (!Directory.Exists(folder))
            yield break;
        foreach (var child in Directory.EnumerateDirectories(folder).Order(StringComparer.Ordinal))
        {
            var name = Path.GetFileName(child);
            if (File.Exists(Path.Combine(child, ConfigFile)))
                yield return name;
            else
                foreach (var grandchild in Directory.EnumerateDirectories(child).Order(StringComparer.Ordinal))
                    yield return $"{name}/{Path.GetFileName(grandchild)}";
        }
    }

    private LoadedModel Load(string name)
    {
        var folder = options.Folders.Select(parent => Path.Combine(parent, name))
            .FirstOrDefault(path => IsPlain(name) && File.Exists(Path.Combine(path, ConfigFile)));
        if (folder is null)
        {
            throw new InvalidInputException(
                $"This server has no model '{name}'; pull it with `rag model pull {name}`, or name one that "
                + "`rag model list` shows.");
        }

        try
        {
            return new LoadedModel(
                name, Embedder.Load(options.Embedder with { ModelFolder = folder, ModelName = name }, loggers));
        }
        catch (ModelFormatException fault)
        {
            throw new InvalidInputException($"Model '{name}' is not usable: {fault.Message}");
        }
    }

    // Names come from callers: one or two segments that cannot lead out of the model folders.
    private static bool IsPlain(string name) => name.Length <= 200 && name.Split('/') is { Length: 1 or 2 } segments
        && segments.All(segment => segment.Length > 0 && segment[0] != '.'
            && segment.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.'));
}
