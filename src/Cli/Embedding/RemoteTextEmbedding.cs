using System.Text;
using Rag.Client;
using Rag.V1;
using Encoder = Rag.V1.Encoder;

namespace Rag.Cli.Embedding;

/// <summary>Embeds by a running engine, in calls of a size that it takes.</summary>
internal sealed class RemoteTextEmbedding(string address, string model) : TextEmbedding
{
    // The engine reads messages of 4 MiB, and 1,000 texts at most.
    private const int MaxTexts = 256;
    private const int MaxBytes = 1024 * 1024;

    private readonly RagClient _client = RagClient.Connect(address);

    public override async Task<IReadOnlyList<EmbeddedText>> EmbedAsync(
        IReadOnlyList<string> texts, Encoder encoder, bool asQueries, CancellationToken cancellationToken)
    {
        var embedded = new List<EmbeddedText>(texts.Count);
        foreach (var request in Split(texts))
        {
            request.Model = model;
            request.Encoder = encoder;
            request.Purpose = asQueries ? EmbedPurpose.Query : EmbedPurpose.Passage;
            request.ReturnTokenIds = true;
            var response = await _client.Embeddings.EmbedAsync(request, cancellationToken);
            for (var i = 0; i < request.Texts.Count; i++)
                embedded.Add(new EmbeddedText([.. response.TokenIds[i].Ids], response.Vectors[i].ToArray()));
        }

        return embedded;
    }

    public override ValueTask DisposeAsync() => _client.DisposeAsync();

    private static IEnumerable<EmbedRequest> Split(IReadOnlyList<string> texts)
    {
        var request = new EmbedRequest();
        var bytes = 0;
        foreach (var text in texts)
        {
            var size = Encoding.UTF8.GetByteCount(text);
            if (request.Texts.Count == MaxTexts || (request.Texts.Count > 0 && bytes + size > MaxBytes))
            {
                yield return request;
                request = new EmbedRequest();
                bytes = 0;
            }

            request.Texts.Add(text);
            bytes += size;
        }

        if (request.Texts.Count > 0)
            yield return request;
    }
}
