using System.Collections.Concurrent;
using System.Numerics.Tensors;
using System.Runtime.Intrinsics;

namespace Rag.Engine.Quantization;

/// <summary>
/// A seeded random rotation in O(d log d): rounds of random signs and a Walsh-Hadamard transform, over the first and
/// then the last 2^⌊log₂ d⌋ components. It keeps lengths and angles, and whatever the data look like, the components of
/// a rotated unit vector are close to a normal distribution of variance 1/d. So one scale serves every vector of every
/// data set: nothing has to be trained, and nothing drifts. Immutable, thread-safe.
/// </summary>
internal sealed class Rotation
{
    private const int Rounds = 4;
    private const ulong Seed = 0x5851F42D4C957F2D;

    // One for each dimension in use, at most 4,096 of them: an index of ten vectors must not pay for its own.
    private static readonly ConcurrentDictionary<int, Rotation> Shared = new();

    private readonly int _dimension;
    private readonly int _block;
    private readonly float[] _signs;

    private Rotation(int dimension)
    {
        _dimension = dimension;
        _block = 1 << int.Log2(dimension);
        var scale = 1 / MathF.Sqrt(_block);
        _signs = new float[Rounds * _block];
        var random = new SplitMix64(Seed);
        for (var i = 0; i < _signs.Length; i++)
            _signs[i] = (random.Next() & 1) == 0 ? scale : -scale;
    }

    /// <summary>The rotation for vectors of one dimension: always the same, so that codes outlive the process.</summary>
    public static Rotation For(int dimension) => Shared.GetOrAdd(dimension, static d => new Rotation(d));

    /// <summary>Rotates in place.</summary>
    public void Apply(Span<float> vector)
    {
        for (var round = 0; round < Rounds; round++)
        {
            var block = (round & 1) == 0 ? vector[.._block] : vector[(_dimension - _block).._dimension];
            var signs = _signs.AsSpan(round * _block, _block);
            TensorPrimitives.Multiply(block, signs, block);
            Hadamard(block);
        }
    }

    private static void Hadamard(Span<float> x)
    {
        var half = 1;
        if (Vector128.IsHardwareAccelerated && x.Length >= 4)
        {
            for (var i = 0; i < x.Length; i += 4)
            {
                var v = Vector128.Create(x.Slice(i, 4));
                v = Vector128.Shuffle(v, Vector128.Create(1, 0, 3, 2)) + v * Vector128.Create(1f, -1f, 1f, -1f);
                v = Vector128.Shuffle(v, Vector128.Create(2, 3, 0, 1)) + v * Vector128.Create(1f, 1f, -1f, -1f);
                v.CopyTo(x.Slice(i, 4));
            }

            half = 4;
        }

        for (; half < x.Length; half *= 2)
        {
            for (var start = 0; start < x.Length; start += 2 * half)
                Butterfly(x.Slice(start, half), x.Slice(start + half, half));
        }
    }

    private static void Butterfly(Span<float> low, Span<float> high)
    {
        var i = 0;
        for (; i <= low.Length - System.Numerics.Vector<float>.Count; i += System.Numerics.Vector<float>.Count)
        {
            var (a, b) = (new System.Numerics.Vector<float>(low[i..]), new System.Numerics.Vector<float>(high[i..]));
            (a + b).CopyTo(low[i..]);
            (a - b).CopyTo(high[i..]);
        }

        for (; i < low.Length; i++)
            (low[i], high[i]) = (low[i] + high[i], low[i] - high[i]);
    }
}
