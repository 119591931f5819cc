using System.Collections.Concurrent;
using Rag.Tokenization;

namespace Rag.Ingestor.Chunking;

/// <summary>
/// Tokenizers of a folder of models, each loaded once when it is first asked for. A model that is not there is looked
/// for again at the next call, so that one may be put there at any time. Thread-safe.
/// </summary>
public sealed class FolderTokenCounters(string modelsFolder) : ITokenCounters
{
    private readonly ConcurrentDictionary<string, Lazy<ITokenCounter>> _loaded = new(StringComparer.Ordinal);

    /// <inheritdoc/>
    /// <exception cref="TokenizerFormatException">The model's tokenizer is there but cannot be used.</exception>
    public ITokenCounter? Find(string model)
    {
        if (_loaded.TryGetValue(model, out var loaded))
            return loaded.Value;
        var folder = Path.GetFullPath(Path.Combine(modelsFolder, model));
        // A model's name comes from a workspace's settings and must not lead out of the folder.
        if (!folder.StartsWith(Path.GetFullPath(modelsFolder) + Path.DirectorySeparatorChar, StringComparison.Ordinal)
            || !Directory.Exists(folder))
            return null;
        // Many jobs begin at once, and one loading serves them all.
        var counter = _loaded.GetOrAdd(
            model, _ => new Lazy<ITokenCounter>(() => new ModelTokenCounter(TokenizerFolder.Load(folder))));
        try
        {
            return counter.Value;
        }
        catch
        {
            // The files may be put right, so the failure is not kept.
            _loaded.TryRemove(new KeyValuePair<string, Lazy<ITokenCounter>>(model, counter));
            throw;
        }
    }
}
