using Microsoft.Extensions.Logging;
using Rag.Tokenization;

namespace Rag.Embedding.Full;

/// <summary>
/// A graph for calls of many texts: inputs of like length together, a bounded number of batches at a time, a bounded number
/// of calls in line. Graph and tokenizer come with the first use. Safe for concurrent use.
/// </summary>
internal sealed class GraphBatches : IDisposable
{
    private readonly EmbedderOptions _options;
    private readonly Lazy<ITokenizer> _tokenizer;
    private readonly Func<(ITransformer Graph, BatchLimits Limits)> _load;
    private readonly Lock _loading = new();
    private (ITransformer Graph, BatchLimits Limits)? _graph;
    private readonly SemaphoreSlim _slots;
    private int _waiting;
    private int _disposed;

    /// <param name="keepsTokens">Whether the graph gives one vector a token, not one a row.</param>
    public GraphBatches(ModelInfo model, EmbedderOptions options, ILogger logger, bool keepsTokens)
    {
        _options = options;
        _slots = new SemaphoreSlim(options.Workers > 0 ? options.Workers : Math.Min(16, Environment.ProcessorCount));
        // Publication only: a load that fails is tried again by the next caller.
        _tokenizer = new Lazy<ITokenizer>(
            () => Embedder.LoadTokenizer(model.Folder), LazyThreadSafetyMode.PublicationOnly);
        _load = () =>
        {
            var graph = new TransformerLoader(model, options, logger, keepsTokens).Load(out var onCuda);
            return (graph, BatchLimits.From(options, onCuda));
        };
    }

    // Here too a load that fails is tried again; two at a time would take twice the memory.
    private (ITransformer Graph, BatchLimits Limits) Graph
    {
        get
        {
            lock (_loading)
                return _graph ??= _load();
        }
    }

    /// <summary>Has inputs made of texts, and run; each batch is handed over when it is padded.</summary>
    /// <param name="tokenize">Makes the inputs.</param>
    /// <param name="run">Runs a batch and takes what comes; called by several threads at a time.</param>
    /// <exception cref="EmbeddingOverloadedException">Too many calls wait already.</exception>
    public async Task RunAsync(
        Func<ITokenizer, List<GraphInput>> tokenize, Action<ITransformer, PaddedBatch, List<GraphInput>> run,
        CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_disposed != 0, this);
        if (Interlocked.Increment(ref _waiting) > _options.MaxWaitingCalls + _slots.CurrentCount)
        {
            Interlocked.Decrement(ref _waiting);
            throw new EmbeddingOverloadedException("Too many searches wait for this model already; try again in a moment.");
        }

        try
        {
            // Tokenising and running block for milliseconds: not on the caller's thread.
            var batches = await Task.Run(() => Batches(tokenize(_tokenizer.Value)), cancellationToken).ConfigureAwait(false);
            await Task.WhenAll(batches.Select(batch => RunAsync(batch, run, cancellationToken))).ConfigureAwait(false);
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
        _graph?.Graph.Dispose();
        _slots.Dispose();
    }

    private async Task RunAsync(
        List<GraphInput> batch, Action<ITransformer, PaddedBatch, List<GraphInput>> run, CancellationToken cancellationToken)
    {
        await _slots.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            await Task.Run(() => run(Graph.Graph, Padded(batch), batch), cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _slots.Release();
        }
    }

    private PaddedBatch Padded(List<GraphInput> batch)
    {
        var padded = new PaddedBatch();
        padded.Reset(batch.Count, batch.Max(input => input.Ids.Length), _tokenizer.Value.PaddingId);
        for (var row = 0; row < batch.Count; row++)
            padded.SetPair(row, batch[row].Ids, batch[row].Second);
        return padded;
    }

    // Inputs of like length together, within the limits of a batch.
    private List<List<GraphInput>> Batches(List<GraphInput> inputs)
    {
        var limits = Graph.Limits;
        inputs.Sort(static (left, right) => right.Ids.Length.CompareTo(left.Ids.Length));
        var batches = new List<List<GraphInput>>();
        foreach (var input in inputs)
        {
            // The first of a batch is its longest.
            if (batches.Count > 0 && batches[^1] is var batch && batch.Count < limits.MaxTexts
                && batch[0].Ids.Length * (batch.Count + 1) <= limits.MaxTokens)
                batch.Add(input);
            else
                batches.Add([input]);
        }

        return batches;
    }
}
