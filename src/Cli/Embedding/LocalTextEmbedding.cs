using Microsoft.Extensions.Logging.Abstractions;
using Rag.Cli.Composition;
using Rag.Embedding;
using Rag.Tokenization;
using Encoder = Rag.V1.Encoder;

namespace Rag.Cli.Embedding;

/// <summary>Embeds by a model that is loaded into this process.</summary>
internal sealed class LocalTextEmbedding : TextEmbedding
{
    private readonly Embedder _embedder;

    public LocalTextEmbedding(string model)
    {
        var info = LocalModels.Get(model);
        _embedder = Embedder.Load(
            new EmbedderOptions { ModelFolder = info.Folder, ModelName = info.Name }, NullLoggerFactory.Instance);
    }

    public override async Task<IReadOnlyList<EmbeddedText>> EmbedAsync(
        IReadOnlyList<string> texts, Encoder encoder, bool asQueries, CancellationToken cancellationToken)
    {
        var kind = encoder == Encoder.Lookup ? EncoderKind.Lookup : EncoderKind.Full;
        var prefix = asQueries ? _embedder.Model.QueryPrefix : _embedder.Model.PassagePrefix;
        var dimension = _embedder.Model.Dimension;
        var vectors = new float[texts.Count * dimension];
        if (asQueries)
        {
            for (var i = 0; i < texts.Count; i++)
            {
                var vector = await _embedder.EncodeQueryAsync(texts[i], kind, cancellationToken);
                vector.CopyTo(vectors.AsMemory(i * dimension));
            }
        }
        else
        {
            await _embedder.EncodePassagesAsync(texts, kind, vectors, cancellationToken);
        }

        var tokens = new TokenBuffer();
        return
        [
            .. texts.Select((text, i) =>
            {
                _embedder.Tokenizer.EncodeWhole(prefix + text, tokens);
                return new EmbeddedText(tokens.Ids.ToArray(), vectors.AsSpan(i * dimension, dimension).ToArray());
            }),
        ];
    }

    public override ValueTask DisposeAsync() => _embedder.DisposeAsync();
}
