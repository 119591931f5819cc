using Rag.Internal.V1;
using Rag.Router.Shards;

namespace Rag.Router.Embedding;

/// <summary>The models that shards embed with, asked for once in a while. Thread-safe.</summary>
internal sealed class ModelCatalog(TextEmbedder embedder, TimeProvider time)
{
    private static readonly TimeSpan Ttl = TimeSpan.FromSeconds(30);

    private volatile Snapshot? _known;

    /// <summary>The model of this name, or null. Empty: the default one.</summary>
    public async ValueTask<Model?> FindAsync(string name, CallScope scope)
    {
        var known = _known;
        if (known is null || time.GetElapsedTime(known.ReadAt) > Ttl || Find(known.Models, name) is null)
        {
            var models = await embedder.ListModelsAsync(scope);
            _known = known = new Snapshot([.. models.Models], time.GetTimestamp());
        }

        return Find(known.Models, name);
    }

    /// <summary>Names of the models, for messages.</summary>
    public string Names => string.Join(", ", (_known?.Models ?? []).Select(static model => $"'{model.Name}'"));

    private static Model? Find(Model[] models, string name) => Array.Find(
        models, model => name.Length == 0 ? model.Default : model.Name == name);

    private sealed record Snapshot(Model[] Models, long ReadAt);
}
