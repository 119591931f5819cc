using Rag.Tokenization;

namespace Rag.Embedding;

/// <summary>
/// Turns texts into vectors of one model. Safe for concurrent use; many callers share batches. The transformer, its
/// threads and the lookup table are loaded on first use.
/// </summary>
public interface IEmbedder : IAsyncDisposable
{
    /// <summary>What the model is and can do.</summary>
    ModelInfo Model { get; }

    /// <summary>The model's tokenizer.</summary>
    ITokenizer Tokenizer { get; }

    /// <summary>The longest input in tokens, [CLS] and [SEP] included; longer text is cut.</summary>
    int MaxTokens => Model.MaxTokens;

    /// <summary>
    /// The vector of a query: <see cref="ModelInfo.Dimension"/> floats, of length 1 if the model normalises. It comes
    /// from a cache if it was asked for lately.
    /// </summary>
    /// <exception cref="EmbeddingOverloadedException">Too many queries wait; try again later.</exception>
    /// <exception cref="NotSupportedException">The model lacks that encoder.</exception>
    /// <exception cref="ModelFormatException">The encoder's file cannot be loaded.</exception>
    /// <exception cref="OperationCanceledException">Cancelled, or the embedder was disposed.</exception>
    ValueTask<ReadOnlyMemory<float>> EncodeQueryAsync(
        string text, EncoderKind encoder, CancellationToken cancellationToken);

    /// <summary>
    /// The vector of a query by the full encoder, or by the lookup one where that of the full one would come too late: half
    /// of the time that is left is its own, and a query that would wait for longer than that in the queue does not wait.
    /// </summary>
    /// <param name="timeLeft">Until nobody waits for the query any more.</param>
    /// <param name="fallsBack">
    /// Whether the lookup encoder may stand in; without it, and for a model that has none, a query is refused that would wait
    /// for longer than there is time left.
    /// </param>
    /// <exception cref="EmbeddingOverloadedException">Too many queries wait; try again later.</exception>
    /// <exception cref="NotSupportedException">The model lacks the full encoder.</exception>
    /// <exception cref="ModelFormatException">An encoder's file cannot be loaded.</exception>
    /// <exception cref="OperationCanceledException">Cancelled, or the embedder was disposed.</exception>
    ValueTask<EncodedQuery> EncodeQueryAsync(
        string text, TimeSpan timeLeft, bool fallsBack, CancellationToken cancellationToken);

    /// <summary>
    /// The vectors of passages, row by row in the order of <paramref name="texts"/>. Any number of texts; they are cut
    /// into batches and give way to queries. Nothing is written to <paramref name="destination"/> after the task ends.
    /// With <see cref="EncoderKind.Lookup"/> the work is done before the call returns.
    /// </summary>
    /// <param name="texts">The passages; may be empty.</param>
    /// <param name="encoder">Which encoder.</param>
    /// <param name="destination">texts.Count × <see cref="ModelInfo.Dimension"/> floats, row-major.</param>
    /// <param name="cancellationToken">Stops the work; rows may then be half filled.</param>
    /// <exception cref="ArgumentException"><paramref name="destination"/> has another length.</exception>
    /// <exception cref="EmbeddingOverloadedException">Too many calls wait; try again later.</exception>
    /// <exception cref="NotSupportedException">The model lacks that encoder.</exception>
    /// <exception cref="ModelFormatException">The encoder's file cannot be loaded.</exception>
    /// <exception cref="OperationCanceledException">Cancelled, or the embedder was disposed.</exception>
    Task EncodePassagesAsync(
        IReadOnlyList<string> texts, EncoderKind encoder, Memory<float> destination,
        CancellationToken cancellationToken);

    /// <summary>
    /// The vectors of passages, as <see cref="EncodePassagesAsync"/> makes them, for a caller that is in no hurry: with the
    /// full encoder in small batches, begun while no query and no other passage waits, on threads that give way to all
    /// others.
    /// </summary>
    /// <param name="texts">The passages; may be empty.</param>
    /// <param name="encoder">Which encoder.</param>
    /// <param name="destination">texts.Count × <see cref="ModelInfo.Dimension"/> floats, row-major.</param>
    /// <param name="cancellationToken">Stops the work; rows may then be half filled.</param>
    /// <returns>
    /// What it took of a processor, without the time that it waited for one; on a GPU, and on other systems than Linux, how
    /// long it took.
    /// </returns>
    /// <exception cref="ArgumentException"><paramref name="destination"/> has another length.</exception>
    /// <exception cref="NotSupportedException">The model lacks that encoder.</exception>
    /// <exception cref="ModelFormatException">The encoder's file cannot be loaded.</exception>
    /// <exception cref="OperationCanceledException">Cancelled, or the embedder was disposed.</exception>
    Task<TimeSpan> EncodeBackgroundAsync(
        IReadOnlyList<string> texts, EncoderKind encoder, Memory<float> destination, CancellationToken cancellationToken);
}
