using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.Intrinsics;
using Rag.Engine.Indexing;
using Rag.Engine.Rows;

namespace Rag.Engine.Quantization;

/// <summary>
/// One bit a dimension (RaBitQ: Gao, Long, 2024): the signs of the rotated direction o, and what makes the estimate of a
/// cosine unbiased. With x the vector of ±1 that the bits stand for, and q a rotated direction:
/// <code>
/// cos(o, q) ≈ ⟨x, q⟩ / ⟨x, o⟩         ⟨x, o⟩ = Σ|oᵢ|, about 0.8 · √d; the error is about normal, 0.75 / √d
///
/// code:   ⌈d / 64⌉ × uint64 signs │ 1 / Σ|oᵢ| as float32 │ number of ones as int32 │ zeros to a multiple of 32 bytes
/// query:  4 × ⌈d / 64⌉ × uint64: bit planes of q in 16 steps, lowest first │ 64 × as many float32 of work space
/// </code>
/// Queries keep four bits, whose error is a fourth of that of the codes. A row that is compared with others is read in
/// full precision, so that a graph is built on one-sided errors only.
/// </summary>
internal sealed unsafe class BinaryCodec : ICodec<BinaryScorer>
{
    public const int Planes = 4;

    /// <summary>Halfway between the smallest and the largest step.</summary>
    public const float Middle = Largest / 2f;

    private const int Largest = (1 << Planes) - 1;
    private const float Deviations = 3;
    private const int CodeAlignment = 32;

    /// <summary>Least candidates that are worth scoring exactly: with so coarse an order the best lie far down.</summary>
    private const int LeastReranked = 128;

    private readonly int _dimension;
    private readonly Metric _metric;
    private readonly VectorRows _rows;
    private readonly Rotation _rotation;

    public BinaryCodec(int dimension, Metric metric, VectorRows rows)
    {
        (_dimension, _metric, _rows) = (dimension, metric, rows);
        _rotation = Rotation.For(dimension);
        Words = (dimension + 63) / 64;
        Step = Deviations / MathF.Sqrt(dimension) / Middle;
        CodeBytes = (Words * sizeof(ulong) + 2 * sizeof(float) + CodeAlignment - 1) / CodeAlignment * CodeAlignment;
    }

    /// <summary>64-bit words of a code's signs, and of a plane of a query.</summary>
    public int Words { get; }

    /// <summary>Between two values that a query's component can have.</summary>
    public float Step { get; }

    public int Dimension => _dimension;

    public int CodeBytes { get; }

    public int QueryBytes => Planes * Words * sizeof(ulong) + 64 * Words * sizeof(float);

    public int Rerank(int k) => 16 * k + LeastReranked;

    public void Encode(ReadOnlySpan<float> vector, float norm, byte* code, byte* scratch)
    {
        new Span<byte>(code, CodeBytes).Clear();
        var rotated = Rotate(vector, norm, scratch);
        var signs = (ulong*)code;
        var ones = 0;
        for (var word = 0; word < Words; word++)
        {
            for (var i = 0; i < 64; i += 16)
                signs[word] |= Positive(rotated, 64 * word + i) << i;
            ones += BitOperations.PopCount(signs[word]);
        }

        var sum = TensorPrimitives.SumOfMagnitudes(rotated);
        var rest = (float*)(signs + Words);
        rest[0] = sum > 0 ? 1 / sum : 0;
        *(int*)(rest + 1) = ones;
    }

    /// <summary>Writes the planes of a query; returns the sum of its components' steps, counted from the middle.</summary>
    public float EncodeQuery(ReadOnlySpan<float> vector, float norm, byte* query)
    {
        var rotated = Rotate(vector, norm, query);
        var planes = (ulong*)query;
        var sum = 0;
        var values = stackalloc byte[64];
        for (var word = 0; word < Words; word++)
        {
            for (var i = 0; i < 64; i += 16)
                Steps(rotated, 64 * word + i).Store(values + i);
            var bytes = Vector512.Load(values);
            for (var plane = 0; plane < Planes; plane++)
            {
                var bits = (bytes << (7 - plane)).ExtractMostSignificantBits();
                planes[plane * Words + word] = bits;
                sum += BitOperations.PopCount(bits) << plane;
            }
        }

        return sum - Middle * _dimension;
    }

    /// <summary>The vector of a row, as it was given.</summary>
    public ReadOnlySpan<float> Row(int row) => _rows[row];

    public BinaryScorer Scorer(CodeStore.View codes, byte* query) => new(this, _metric, codes, (ulong*)query);

    /// <summary>The direction, rotated, with zeros to a multiple of 64.</summary>
    private Span<float> Rotate(ReadOnlySpan<float> vector, float norm, byte* query)
    {
        var work = new Span<float>(query + Planes * Words * sizeof(ulong), 64 * Words);
        var rotated = work[.._dimension];
        TensorPrimitives.Multiply(vector, norm > 1e-37f ? 1 / norm : 0, rotated);
        _rotation.Apply(rotated);
        work[_dimension..].Clear();
        return work;
    }

    private static ulong Positive(ReadOnlySpan<float> rotated, int at) =>
        Vector512.GreaterThan(Vector512.Create(rotated.Slice(at, 16)), Vector512<float>.Zero).ExtractMostSignificantBits();

    /// <summary>Sixteen components, each as its step from 0 to 15; those past the last one are 0.</summary>
    private Vector128<byte> Steps(ReadOnlySpan<float> rotated, int at)
    {
        var (low, high) = (Vector256.Create(rotated.Slice(at, 8)), Vector256.Create(rotated.Slice(at + 8, 8)));
        var steps = Vector256.Narrow(Steps(low), Steps(high));
        var bytes = Vector128.Narrow(steps.GetLower(), steps.GetUpper()).AsByte();
        if (at + 16 <= _dimension)
            return bytes;
        var present = Vector128.LessThan(Vector128<byte>.Indices, Vector128.Create((byte)Math.Max(0, _dimension - at)));
        return bytes & present;
    }

    private Vector256<int> Steps(Vector256<float> components)
    {
        var steps = Vector256.Round(components / Step + Vector256.Create(Middle));
        return Vector256.ConvertToInt32(Vector256.Min(Vector256.Create((float)Largest), Vector256.Max(Vector256<float>.Zero, steps)));
    }
}
