namespace Rag.Embedding.Full;

/// <summary>
/// One batch on its way through a graph, in steps, so that the long one can be another thread's. Not safe for concurrent use,
/// but for <see cref="Stop"/>.
/// </summary>
internal interface ITransformerRun : IDisposable
{
    /// <summary>Computes the batch; blocks until it is done. As good as nothing but code of the model's own runs here.</summary>
    void Compute();

    /// <summary>Makes <see cref="Compute"/> end soon, with an error unless it is done already.</summary>
    void Stop();

    /// <summary>Takes what was computed.</summary>
    /// <param name="vectors">As <see cref="TransformerExtensions.Run"/> has them.</param>
    void Read(Span<float> vectors);
}
