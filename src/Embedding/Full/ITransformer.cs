namespace Rag.Embedding.Full;

/// <summary>A loaded graph that turns one padded batch into one vector a row. Safe for concurrent use.</summary>
internal interface ITransformer : IDisposable
{
    /// <summary>Floats in a vector.</summary>
    int Dimension { get; }

    /// <summary>Where it runs, such as "CPU".</summary>
    string Provider { get; }

    /// <summary>Computes a batch; blocks until it is done.</summary>
    /// <param name="batch">The padded rows.</param>
    /// <param name="vectors">Receives batch.Rows × <see cref="Dimension"/> floats, not yet normalised; one that keeps tokens
    /// gives batch.Rows × batch.Length × that.</param>
    void Run(PaddedBatch batch, Span<float> vectors);
}
