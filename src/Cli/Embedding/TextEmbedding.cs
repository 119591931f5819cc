using Rag.Cli.Composition;
using Rag.V1;

namespace Rag.Cli.Embedding;

/// <summary>Embeds texts by a running engine, or by a model loaded here: that needs no data folder.</summary>
internal abstract class TextEmbedding : IAsyncDisposable
{
    /// <param name="address">Of an engine; null: the one that serves the data folder, if any.</param>
    /// <param name="model">'' is the default model.</param>
    public static TextEmbedding Open(string? address, DataFolder data, string model)
    {
        address ??= InstanceFile.Find(data)?.Address;
        return address is null ? new LocalTextEmbedding(model) : new RemoteTextEmbedding(address, model);
    }

    /// <param name="asQueries">With the model's query prefix instead of that of passages.</param>
    /// <returns>In the order of the texts.</returns>
    public abstract Task<IReadOnlyList<EmbeddedText>> EmbedAsync(
        IReadOnlyList<string> texts, Encoder encoder, bool asQueries, CancellationToken cancellationToken);

    public abstract ValueTask DisposeAsync();
}
