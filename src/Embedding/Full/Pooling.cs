using System.Numerics.Tensors;

namespace Rag.Embedding.Full;

/// <summary>Token vectors to text vectors.</summary>
internal static class Pooling
{
    /// <summary>Pools a batch.</summary>
    /// <param name="hidden">batch.Rows × batch.Length × dimension.</param>
    /// <param name="batch">The batch it came from; its rows are tokens first, then padding.</param>
    /// <param name="mode">How.</param>
    /// <param name="vectors">Receives batch.Rows × dimension.</param>
    /// <param name="dimension">Floats in a vector.</param>
    public static void Pool(
        ReadOnlySpan<float> hidden, PaddedBatch batch, PoolingMode mode, Span<float> vectors, int dimension)
    {
        for (var row = 0; row < batch.Rows; row++)
        {
            var tokens = hidden.Slice(row * batch.Length * dimension, batch.Length * dimension);
            var vector = vectors.Slice(row * dimension, dimension);
            tokens[..dimension].CopyTo(vector);
            if (mode == PoolingMode.Classify)
                continue;
            var count = batch.TokensOf(row);
            for (var token = 1; token < count; token++)
                TensorPrimitives.Add(vector, tokens.Slice(token * dimension, dimension), vector);
            TensorPrimitives.Divide(vector, count, vector);
        }
    }
}
