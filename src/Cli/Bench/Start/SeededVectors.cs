using System.Numerics.Tensors;

namespace Rag.Cli.Bench.Start;

/// <summary>
/// Unit vectors of a Gaussian mixture in 64 latent dimensions, like sentence embeddings; each is made from its number
/// alone, so that none has to be kept. Thread-safe.
/// </summary>
internal sealed class SeededVectors
{
    private const int Latent = 64;
    private const int Centres = 2000;

    private readonly int _seed;
    private readonly float[][] _centres;
    private readonly float[][] _projection;

    public SeededVectors(int dimension, int seed)
    {
        (Dimension, _seed) = (dimension, seed);
        var random = new Random(seed);
        _centres = [.. Enumerable.Range(0, Centres).Select(_ => Gaussian(random, Latent))];
        _projection = [.. Enumerable.Range(0, Latent).Select(_ => Gaussian(random, dimension))];
    }

    public int Dimension { get; }

    /// <summary>The vector with a number; negative ones serve as queries.</summary>
    public float[] this[long number]
    {
        get
        {
            // The generator of a seed is a stream of its own; consecutive seeds are spread by a large odd factor.
            var random = new Random((int)((ulong)number * 0x9E37_79B9_7F4A_7C15 >> 33) ^ _seed);
            var centre = _centres[random.Next(Centres)];
            var spread = 0.35f + 0.5f * random.NextSingle();
            var vector = new float[Dimension];
            for (var i = 0; i < Latent; i++)
            {
                var value = centre[i] + spread * Normal(random);
                TensorPrimitives.MultiplyAdd(_projection[i], value, vector, vector);
            }

            TensorPrimitives.Divide(vector, TensorPrimitives.Norm(vector), vector);
            return vector;
        }
    }

    private static float[] Gaussian(Random random, int count)
    {
        var values = new float[count];
        for (var i = 0; i < count; i++)
            values[i] = Normal(random);
        return values;
    }

    private static float Normal(Random random) =>
        MathF.Sqrt(-2 * MathF.Log(1 - random.NextSingle())) * MathF.Cos(2 * MathF.PI * random.NextSingle());
}
