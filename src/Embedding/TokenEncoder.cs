using Microsoft.Extensions.Logging;
using Rag.Embedding.Full;
using Rag.Embedding.Models;
using Rag.Tokenization;

namespace Rag.Embedding;

/// <summary>
/// A transformer whose vectors of single tokens are what is wanted, for late interaction: the output of rank 3 of any model
/// that embeds, or of one made for it (ColBERT). Graph and tokenizer come with the first use. Safe for concurrent use:
/// calls share a bounded number of batches at a time and wait in line for them.
/// </summary>
public sealed class TokenEncoder : IDisposable
{
    private readonly GraphBatches _batches;

    private TokenEncoder(ModelInfo model, EmbedderOptions options, ILogger logger)
    {
        Model = model;
        _batches = new GraphBatches(model, options, logger, keepsTokens: true);
    }

    /// <summary>What the model's files say.</summary>
    public ModelInfo Model { get; }

    /// <summary>Opens a model.</summary>
    /// <param name="options">Folder and limits.</param>
    /// <param name="loggers">For the one line that says what runs where.</param>
    /// <exception cref="ModelFormatException">The folder is no model, or one without a graph that embeds.</exception>
    public static TokenEncoder Load(EmbedderOptions options, ILoggerFactory loggers)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(loggers);
        var model = ModelFolder.Read(options.ModelFolder, options.ModelName);
        return model is { HasFull: true, ReadsPairs: false }
            ? new TokenEncoder(model, options, loggers.CreateLogger<TokenEncoder>())
            : throw new ModelFormatException($"Model '{model.Name}' has no graph that makes vectors of tokens.");
    }

    /// <summary>
    /// Makes something of the vectors of each text's tokens, [CLS] and [SEP] included, each of length 1. Texts are cut to
    /// the model's input. Of the vectors themselves no more is held at a time than the batches that run: those of a
    /// thousand passages of 384 dimensions would be 300 MB.
    /// </summary>
    /// <param name="texts">Queries or passages.</param>
    /// <param name="query">Whether the model's prefix of queries is put before them, or that of passages.</param>
    /// <param name="make">
    /// Gets the dimension and tokens × dimension floats, which are only there during the call. Called by several threads at
    /// a time.
    /// </param>
    /// <returns>What was made of each text, in their order.</returns>
    /// <exception cref="EmbeddingOverloadedException">Too many calls wait already.</exception>
    /// <exception cref="ModelFormatException">The graph cannot be loaded, or gives no vectors of tokens.</exception>
    public async Task<T[]> EncodeAsync<T>(
        IReadOnlyList<string> texts, bool query, Func<int, ReadOnlyMemory<float>, T> make, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(texts);
        ArgumentNullException.ThrowIfNull(make);
        var made = new T[texts.Count];
        await _batches.RunAsync(
            tokenizer => InputsOf(tokenizer, query ? Model.QueryPrefix : Model.PassagePrefix, texts, cancellationToken),
            (graph, batch, inputs) => Run(graph, batch, inputs, make, made), cancellationToken).ConfigureAwait(false);
        return made;
    }

    /// <summary>Lets go of the graph; no call may be under way.</summary>
    public void Dispose() => _batches.Dispose();

    private static void Run<T>(
        ITransformer graph, PaddedBatch batch, List<GraphInput> inputs, Func<int, ReadOnlyMemory<float>, T> make, T[] made)
    {
        var dimension = graph.Dimension;
        var hidden = new float[batch.Rows * batch.Length * dimension];
        graph.Run(batch, hidden);
        for (var row = 0; row < inputs.Count; row++)
        {
            var tokens = hidden.AsMemory(row * batch.Length * dimension, inputs[row].Ids.Length * dimension);
            for (var i = 0; i < tokens.Length; i += dimension)
                VectorMath.Normalize(tokens.Span.Slice(i, dimension));
            made[inputs[row].Text] = make(dimension, tokens);
        }
    }

    private List<GraphInput> InputsOf(
        ITokenizer tokenizer, string prefix, IReadOnlyList<string> texts, CancellationToken cancellationToken)
    {
        var tokens = new TokenBuffer();
        var inputs = new List<GraphInput>(texts.Count);
        for (var i = 0; i < texts.Count; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            tokenizer.EncodeWhole(prefix.Length == 0 ? texts[i] : prefix + texts[i], tokens, Model.MaxTokens);
            inputs.Add(new GraphInput(i, [.. tokens.Ids], tokens.Ids.Length));
        }

        return inputs;
    }
}
