namespace Rag.Embedding.Full;

/// <summary>A loaded graph that turns one padded batch into one vector a row. Safe for concurrent use.</summary>
internal interface ITransformer : IDisposable
{
    /// <summary>Floats in a vector.</summary>
    int Dimension { get; }

    /// <summary>Where it runs, such as "CPU".</summary>
    string Provider { get; }

    /// <summary>Makes a batch ready to be computed; it must stay as it is until the run is disposed.</summary>
    ITransformerRun Prepare(PaddedBatch batch);
}

/// <summary>All steps of a run on one thread.</summary>
internal static class TransformerExtensions
{
    /// <summary>Computes a batch; blocks until it is done.</summary>
    /// <param name="transformer">The graph.</param>
    /// <param name="batch">The padded rows.</param>
    /// <param name="vectors">Receives batch.Rows × <see cref="ITransformer.Dimension"/> floats, not yet normalised; one that
    /// keeps tokens gives batch.Rows × batch.Length × that.</param>
    public static void Run(this ITransformer transformer, PaddedBatch batch, Span<float> vectors)
    {
        using var run = transformer.Prepare(batch);
        run.Compute();
        run.Read(vectors);
    }
}
