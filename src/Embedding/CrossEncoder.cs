using Microsoft.Extensions.Logging;
using Rag.Embedding.Full;
using Rag.Embedding.Models;
using Rag.Tokenization;

namespace Rag.Embedding;

/// <summary>
/// A model that reads a query and a text together and says how well they match: a graph with input_ids, attention_mask
/// and (mostly) token_type_ids, and one logit a pair. Graph and tokenizer come with the first use. Safe for concurrent
/// use: calls share a bounded number of batches at a time and wait in line for them.
/// </summary>
/// <remarks>
/// A pair is [CLS] query [SEP] text [SEP]. The query has at most half of the model's input, the text is cut to the rest.
/// </remarks>
public sealed class CrossEncoder : IDisposable
{
    // [CLS] and two [SEP].
    private const int MarkerTokens = 3;

    private readonly GraphBatches _batches;

    private CrossEncoder(ModelInfo model, EmbedderOptions options, ILogger logger)
    {
        Model = model;
        _batches = new GraphBatches(model, options, logger, keepsTokens: false);
    }

    /// <summary>What the model's files say; its dimension is 1.</summary>
    public ModelInfo Model { get; }

    /// <summary>Opens a model.</summary>
    /// <param name="options">Folder and limits; those of passages hold for texts.</param>
    /// <param name="loggers">For the one line that says what runs where.</param>
    /// <exception cref="ModelFormatException">The folder is no model, or has no graph.</exception>
    public static CrossEncoder Load(EmbedderOptions options, ILoggerFactory loggers)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(loggers);
        var model = ModelFolder.Read(options.ModelFolder, options.ModelName);
        return model.HasFull
            ? new CrossEncoder(model with { Dimension = 1 }, options, loggers.CreateLogger<CrossEncoder>())
            : throw new ModelFormatException($"Model '{model.Name}' has no graph to rerank with.");
    }

    /// <summary>The logit of each text with the query, higher for a better match.</summary>
    /// <exception cref="EmbeddingOverloadedException">Too many calls wait already.</exception>
    /// <exception cref="ModelFormatException">The graph cannot be loaded, or gives other than one number a
    /// pair.</exception>
    public async Task<float[]> ScoreAsync(
        string query, IReadOnlyList<string> texts, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(query);
        ArgumentNullException.ThrowIfNull(texts);
        var scores = new float[texts.Count];
        await _batches.RunAsync(
            tokenizer => PairsOf(tokenizer, query, texts, cancellationToken),
            (graph, batch, pairs) =>
            {
                var logits = new float[pairs.Count];
                graph.Run(batch, logits);
                for (var row = 0; row < pairs.Count; row++)
                    scores[pairs[row].Text] = logits[row];
            }, cancellationToken).ConfigureAwait(false);
        return scores;
    }

    /// <summary>Lets go of the graph; no call may be under way.</summary>
    public void Dispose() => _batches.Dispose();

    private List<GraphInput> PairsOf(
        ITokenizer tokenizer, string query, IReadOnlyList<string> texts, CancellationToken cancellationToken)
    {
        var tokens = new TokenBuffer();
        var room = Model.MaxTokens - MarkerTokens;
        tokenizer.Encode(query, tokens, Math.Max(1, room / 2));
        int[] head = [tokenizer.ClassifyId, .. tokens.Ids, tokenizer.SeparatorId];
        var pairs = new List<GraphInput>(texts.Count);
        for (var i = 0; i < texts.Count; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            tokenizer.Encode(texts[i], tokens, Math.Max(0, Model.MaxTokens - head.Length - 1));
            pairs.Add(new GraphInput(i, [.. head, .. tokens.Ids, tokenizer.SeparatorId], head.Length));
        }

        return pairs;
    }
}
