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

    private readonly EmbedderOptions _options;
    private readonly Lazy<ITokenizer> _tokenizer;
    private readonly Lazy<(ITransformer Graph, BatchLimits Limits)> _graph;
    private readonly SemaphoreSlim _slots;
    private int _waiting;
    private int _disposed;

    private CrossEncoder(ModelInfo model, EmbedderOptions options, ILogger logger)
    {
        Model = model;
        _options = options;
        _slots = new SemaphoreSlim(options.Workers > 0 ? options.Workers : Math.Min(16, Environment.ProcessorCount));
        // Publication only: a load that fails is tried again by the next caller.
        _tokenizer = new Lazy<ITokenizer>(
            () => Embedder.LoadTokenizer(model.Folder), LazyThreadSafetyMode.PublicationOnly);
        _graph = new Lazy<(ITransformer, BatchLimits)>(() =>
        {
            var graph = new TransformerLoader(model, options, logger).Load(out var onCuda);
            return (graph, BatchLimits.From(options, onCuda));
        });
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
        ObjectDisposedException.ThrowIf(_disposed != 0, this);
        if (Interlocked.Increment(ref _waiting) > _options.MaxWaitingCalls + _slots.CurrentCount)
        {
            Interlocked.Decrement(ref _waiting);
            throw new EmbeddingOverloadedException("Too many searches wait to be reranked already; try again in a moment.");
        }

        try
        {
            var scores = new float[texts.Count];
            // Tokenising and running block for milliseconds: not on the caller's thread.
            var batches = await Task.Run(() => Batches(query, texts, cancellationToken), cancellationToken)
                .ConfigureAwait(false);
            await Task.WhenAll(batches.Select(batch => RunAsync(batch, scores, cancellationToken))).ConfigureAwait(false);
            return scores;
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
        }
    }

    /// <summary>Lets go of the graph; no call may be under way.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        if (_graph.IsValueCreated)
            _graph.Value.Graph.Dispose();
        _slots.Dispose();
    }

    private async Task RunAsync(List<Pair> batch, float[] scores, CancellationToken cancellationToken)
    {
        await _slots.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            await Task.Run(() => Run(batch, scores), cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _slots.Release();
        }
    }

    private void Run(List<Pair> batch, float[] scores)
    {
        var padded = new PaddedBatch();
        padded.Reset(batch.Count, batch.Max(pair => pair.Ids.Length), _tokenizer.Value.PaddingId);
        for (var row = 0; row < batch.Count; row++)
            padded.SetPair(row, batch[row].Ids, batch[row].Second);
        var logits = new float[batch.Count];
        _graph.Value.Graph.Run(padded, logits);
        for (var row = 0; row < batch.Count; row++)
            scores[batch[row].Text] = logits[row];
    }

    // Pairs of like length together, within the limits of a batch.
    private List<List<Pair>> Batches(string query, IReadOnlyList<string> texts, CancellationToken cancellationToken)
    {
        var limits = _graph.Value.Limits;
        var pairs = PairsOf(query, texts, cancellationToken);
        pairs.Sort(static (left, right) => right.Ids.Length.CompareTo(left.Ids.Length));
        var batches = new List<List<Pair>>();
        foreach (var pair in pairs)
        {
            // The first of a batch is its longest.
            if (batches.Count > 0 && batches[^1] is var batch && batch.Count < limits.MaxTexts
                && batch[0].Ids.Length * (batch.Count + 1) <= limits.MaxTokens)
                batch.Add(pair);
            else
                batches.Add([pair]);
        }

        return batches;
    }

    private List<Pair> PairsOf(string query, IReadOnlyList<string> texts, CancellationToken cancellationToken)
    {
        var tokenizer = _tokenizer.Value;
        var tokens = new TokenBuffer();
        var room = Model.MaxTokens - MarkerTokens;
        tokenizer.Encode(query, tokens, Math.Max(1, room / 2));
        int[] head = [tokenizer.ClassifyId, .. tokens.Ids, tokenizer.SeparatorId];
        var pairs = new List<Pair>(texts.Count);
        for (var i = 0; i < texts.Count; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            tokenizer.Encode(texts[i], tokens, Math.Max(0, Model.MaxTokens - head.Length - 1));
            pairs.Add(new Pair(i, [.. head, .. tokens.Ids, tokenizer.SeparatorId], head.Length));
        }

        return pairs;
    }

    /// <summary>One input.</summary>
    /// <param name="Text">Position of the text.</param>
    /// <param name="Ids">The whole input.</param>
    /// <param name="Second">Where the text's tokens begin.</param>
    private readonly record struct Pair(int Text, int[] Ids, int Second);
}
