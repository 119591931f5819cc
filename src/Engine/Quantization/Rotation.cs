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
internal sealed unsafe class Rotation
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
        fixed (float* components = vector[.._dimension], signs = _signs)
        {
            for (var round = 0; round < Rounds; round++)
            {
                var block = components + ((round & 1) == 0 ? 0 : _dimension - _block);
                var roundSigns = signs + round * _block;
                TensorPrimitives.Multiply(new ReadOnlySpan<float>(block, _block),
                    new ReadOnlySpan<float>(roundSigns, _block), new Span<float>(block, _block));
                Hadamard(block, _block);
            }
        }
    }

    /// <summary>
    /// Sums and differences of components one apart, then two, four and so on: the first steps within a vector register,
    /// the others between registers. Every width adds the same numbers in the same order.
    /// </summary>
    private static void Hadamard(float* x, int length)
    {
        var half = 1;
        if (Vector512.IsHardwareAccelerated && length >= 16)
            half = Within16(x, length);
        else if (Vector128.IsHardwareAccelerated && length >= 4)
            half = Within4(x, length);
        for (; half < length; half *= 2)
        {
            for (var start = 0; start < length; start += 2 * half)
                Butterfly(x + start, x + start + half, half);
        }
    }

    private static int Within16(float* x, int length)
    {
        var by1 = Vector512.Create(1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14);
        var by2 = Vector512.Create(2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13);
        var by4 = Vector512.Create(4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11);
        var by8 = Vector512.Create(8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7);
        for (var at = x; at < x + length; at += 16)
        {
            var v = Vector512.Load(at);
            v = Vector512.Shuffle(v, by1) + v * Signs(1);
            v = Vector512.Shuffle(v, by2) + v * Signs(2);
            v = Vector512.Shuffle(v, by4) + v * Signs(4);
            v = Vector512.Shuffle(v, by8) + v * Signs(8);
            v.Store(at);
        }

        return 16;

        static Vector512<float> Signs(int distance) => Vector512.ConditionalSelect(
            Vector512.Equals(Vector512<int>.Indices & Vector512.Create(distance), Vector512<int>.Zero).AsSingle(),
            Vector512<float>.One, -Vector512<float>.One);
    }

    private static int Within4(float* x, int length)
    {
        for (var at = x; at < x + length; at += 4)
        {
            var v = Vector128.Load(at);
            v = Vector128.Shuffle(v, Vector128.Create(1, 0, 3, 2)) + v * Vector128.Create(1f, -1f, 1f, -1f);
            v = Vector128.Shuffle(v, Vector128.Create(2, 3, 0, 1)) + v * Vector128.Create(1f, 1f, -1f, -1f);
            v.Store(at);
        }

        return 4;
    }

    private static void Butterfly(float* low, float* high, int half)
    {
        var i = 0;
        if (Vector512.IsHardwareAccelerated)
        {
            for (; i <= half - 16; i += 16)
            {
                var (a, b) = (Vector512.Load(low + i), Vector512.Load(high + i));
                (a + b).Store(low + i);
                (a - b).Store(high + i);
            }
        }

        for (; i <= half - 4; i += 4)
        {
            var (a, b) = (Vector128.Load(low + i), Vector128.Load(high + i));
            (a + b).Store(low + i);
            (a - b).Store(high + i);
        }

        for (; i < half; i++)
            (low[i], high[i]) = (low[i] + high[i], low[i] - high[i]);
    }
}
