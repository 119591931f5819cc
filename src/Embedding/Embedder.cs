using Microsoft.Extensions.Logging;
using Rag.Embedding.Full;
using Rag.Embedding.Lookup;
using Rag.Embedding.Models;
using Rag.Tokenization;

namespace Rag.Embedding;

/// <summary>
/// One model, ready to embed. Loading reads small files only; tokenizer, table, graph and threads come on first use.
/// </summary>
public sealed class Embedder : IEmbedder
{
    /// <summary>Nobody's deadline is so far away; timers cannot be set much further.</summary>
    private static readonly TimeSpan MaxPatience = TimeSpan.FromDays(1);

    private readonly Lazy<ITokenizer> _tokenizer;
    private readonly FullEncoder? _full;
    private readonly Lazy<LookupEncoder>? _lookup;
    private readonly QueryVectorCache _cache;
    private readonly EmbeddingMetrics _metrics;
    private int _disposed;

    private Embedder(ModelInfo model, EmbedderOptions options, ILogger logger)
    {
        Model = model;
        _tokenizer = new Lazy<ITokenizer>(() => LoadTokenizer(model.Folder), LazyThreadSafetyMode.PublicationOnly);
        _cache = new QueryVectorCache(options.QueryCacheBytes);
        _metrics = new EmbeddingMetrics(model.Name, () => _full?.QueueLength ?? 0);
        if (model.HasFull)
        {
            var loader = new TransformerLoader(model, options, logger);
            _full = new FullEncoder(
                model, _tokenizer, options, _metrics, logger, () => (loader.Load(out var onCuda), onCuda));
        }

        if (model.HasLookup)
        {
            // Publication only: a load that fails is tried again by the next caller.
            _lookup = new Lazy<LookupEncoder>(
                () =>
                {
                    var encoder = LookupEncoder.Load(model, Tokenizer);
                    EmbeddingLog.LookupLoaded(logger, model.Name, model.LookupTable!);
                    return encoder;
                },
                LazyThreadSafetyMode.PublicationOnly);
        }
    }

    /// <inheritdoc/>
    public ModelInfo Model { get; }

    /// <inheritdoc/>
    /// <exception cref="ModelFormatException">Its files are malformed.</exception>
    public ITokenizer Tokenizer => _tokenizer.Value;

    /// <summary>Where the transformer runs, such as "CPU"; null until its first use.</summary>
    public string? Provider => _full?.Provider;

    /// <summary>Opens a model.</summary>
    /// <param name="options">Folder and limits.</param>
    /// <param name="loggers">For the one line that says what runs where, and for faults.</param>
    /// <exception cref="ArgumentException">Options are out of range; the message lists each.</exception>
    /// <exception cref="ModelFormatException">The folder is not a model that can be run.</exception>
    public static Embedder Load(EmbedderOptions options, ILoggerFactory loggers)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(loggers);
        var errors = options.Validate();
        if (errors.Count > 0)
            throw new ArgumentException(string.Join(' ', errors), nameof(options));
        var model = ModelFolder.Read(options.ModelFolder, options.ModelName);
        model = model with
        {
            QueryPrefix = options.QueryPrefix ?? model.QueryPrefix,
            PassagePrefix = options.PassagePrefix ?? model.PassagePrefix,
        };
        return new Embedder(model, options, loggers.CreateLogger<Embedder>());
    }

    /// <inheritdoc/>
    public ValueTask<ReadOnlyMemory<float>> EncodeQueryAsync(
        string text, EncoderKind encoder, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(text);
        ObjectDisposedException.ThrowIf(_disposed != 0, this);
        cancellationToken.ThrowIfCancellationRequested();
        if (_cache.TryGet(encoder, text, out var vector))
        {
            _metrics.CacheLookup(hit: true);
            return ValueTask.FromResult(vector);
        }

        _metrics.CacheLookup(hit: false);
        return EncodeNewQueryAsync(text, encoder, cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<EncodedQuery> EncodeQueryAsync(
        string text, TimeSpan timeLeft, bool fallsBack, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(text);
        ObjectDisposedException.ThrowIf(_disposed != 0, this);
        cancellationToken.ThrowIfCancellationRequested();
        if (!_cache.TryGet(EncoderKind.Full, text, out var vector))
            return EncodeInTimeAsync(text, timeLeft, fallsBack && Model.HasLookup, cancellationToken);
        _metrics.CacheLookup(hit: true);
        return ValueTask.FromResult(new EncodedQuery(vector, EncoderKind.Full, FellBack: false));
    }

    /// <inheritdoc/>
    public Task EncodePassagesAsync(
        IReadOnlyList<string> texts, EncoderKind encoder, Memory<float> destination,
        CancellationToken cancellationToken)
    {
        CheckPassages(texts, destination);
        if (encoder == EncoderKind.Full)
            return RequireFull().EncodePassagesAsync(texts, destination, cancellationToken);
        EncodeByLookup(texts, Model.PassagePrefix, destination.Span, cancellationToken);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task<TimeSpan> EncodeBackgroundAsync(
        IReadOnlyList<string> texts, EncoderKind encoder, Memory<float> destination, CancellationToken cancellationToken)
    {
        CheckPassages(texts, destination);
        if (encoder == EncoderKind.Full)
            return RequireFull().EncodeBackgroundAsync(texts, destination, cancellationToken);
        var began = ThreadClock.Now;
        EncodeByLookup(texts, Model.PassagePrefix, destination.Span, cancellationToken);
        return Task.FromResult(ThreadClock.Now - began);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        if (_full is not null)
            await _full.DisposeAsync().ConfigureAwait(false);
        _metrics.Dispose();
    }

    internal static ITokenizer LoadTokenizer(string folder)
    {
        try
        {
            return TokenizerFolder.Load(folder);
        }
        catch (TokenizerFormatException error)
        {
            throw new ModelFormatException(error.Message, error);
        }
    }

    private void CheckPassages(IReadOnlyList<string> texts, Memory<float> destination)
    {
        ArgumentNullException.ThrowIfNull(texts);
        ObjectDisposedException.ThrowIf(_disposed != 0, this);
        if (destination.Length != (long)texts.Count * Model.Dimension)
        {
            throw new ArgumentException(
                $"{texts.Count} texts of {Model.Dimension} dimensions need {(long)texts.Count * Model.Dimension} floats, "
                + $"not {destination.Length}.",
                nameof(destination));
        }
    }

    private async ValueTask<ReadOnlyMemory<float>> EncodeNewQueryAsync(
        string text, EncoderKind encoder, CancellationToken cancellationToken)
    {
        var vector = new float[Model.Dimension];
        if (encoder == EncoderKind.Full)
            await RequireFull().EncodeQueryAsync(text, vector, cancellationToken).ConfigureAwait(false);
        else
            EncodeByLookup([text], Model.QueryPrefix, vector, cancellationToken);
        _cache.Add(encoder, text, vector);
        return vector;
    }

    private async ValueTask<EncodedQuery> EncodeInTimeAsync(
        string text, TimeSpan timeLeft, bool fallsBack, CancellationToken cancellationToken)
    {
        var wait = RequireFull().QueryWait;
        if (!fallsBack)
        {
            if (wait > timeLeft)
            {
                _metrics.Refused();
                throw new EmbeddingOverloadedException(
                    $"Queries wait for about {wait.TotalMilliseconds:0} ms to be embedded, and the deadline leaves less: "
                    + "allow more time, or ask for the lookup encoder.");
            }

            _metrics.CacheLookup(hit: false);
            return new EncodedQuery(
                await EncodeNewQueryAsync(text, EncoderKind.Full, cancellationToken).ConfigureAwait(false), EncoderKind.Full, false);
        }

        var patience = timeLeft / 2;
        if (wait > patience)
            return await FallBackAsync(text, "queue", cancellationToken).ConfigureAwait(false);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        if (patience < MaxPatience)
            stop.CancelAfter(patience);
        try
        {
            _metrics.CacheLookup(hit: false);
            return new EncodedQuery(
                await EncodeNewQueryAsync(text, EncoderKind.Full, stop.Token).ConfigureAwait(false), EncoderKind.Full, false);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            return await FallBackAsync(text, "late", cancellationToken).ConfigureAwait(false);
        }
        catch (EmbeddingOverloadedException)
        {
            return await FallBackAsync(text, "full", cancellationToken).ConfigureAwait(false);
        }
    }

    private async ValueTask<EncodedQuery> FallBackAsync(string text, string reason, CancellationToken cancellationToken)
    {
        _metrics.FellBack(reason);
        return new EncodedQuery(
            await EncodeQueryAsync(text, EncoderKind.Lookup, cancellationToken).ConfigureAwait(false), EncoderKind.Lookup, FellBack: true);
    }

    private void EncodeByLookup(
        IReadOnlyList<string> texts, string prefix, Span<float> destination, CancellationToken cancellationToken)
    {
        var lookup = _lookup?.Value ?? throw Lacks(EncoderKind.Lookup);
        long tokens = 0;
        for (var i = 0; i < texts.Count; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var text = prefix.Length == 0 ? texts[i] : prefix + texts[i];
            tokens += lookup.Encode(text, destination.Slice(i * Model.Dimension, Model.Dimension));
        }

        _metrics.Encoded(EncoderKind.Lookup, texts.Count, tokens);
    }

    private FullEncoder RequireFull() => _full ?? throw Lacks(EncoderKind.Full);

    private NotSupportedException Lacks(EncoderKind encoder) => new(
        $"Model '{Model.Name}' has no {(encoder == EncoderKind.Full ? "transformer" : "lookup table")}; it has "
        + $"{string.Join(" and ", Model.Encoders)}.");
}
