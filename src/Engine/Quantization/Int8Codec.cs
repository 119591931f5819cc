using System.Runtime.CompilerServices;
using Rag.Engine.Indexing;
using Rag.Engine.Kernels;

namespace Rag.Engine.Quantization;

/// <summary>
/// One signed byte a dimension. What is coded is the direction, rotated so that every component is about normal with
/// variance 1/d; the scale therefore is a constant, 127 steps for 4.5 standard deviations (all of −1…1 in low
/// dimensions). The norm is kept beside. A query keeps 64 times finer steps, as int16.
/// <code>
/// code:  d × int8, zero-padded to 64 bytes           query: d × int16, same padding │ d × float32 work space
/// </code>
/// A dot product is at most |code|·|query| ≤ (127/r)·(8191/r) with r = 4.5/√d, which stays below 2³¹ for d ≤ 4,096.
/// </summary>
internal sealed unsafe class Int8Codec : ICodec<Int8Scorer>
{
    private const float Deviations = 4.5f;
    private const float QuerySteps = 8191;

    private readonly int _dimension;
    private readonly Metric _metric;
    private readonly Rotation _rotation;
    private readonly float _range;

    public Int8Codec(int dimension, Metric metric)
    {
        _dimension = dimension;
        _metric = metric;
        _rotation = Rotation.For(dimension);
        _range = MathF.Min(1, Deviations / MathF.Sqrt(dimension));
        CodeBytes = (dimension + 63) / 64 * 64;
    }

    public int CodeBytes { get; }

    public int QueryBytes => CodeBytes * sizeof(short) + _dimension * sizeof(float);

    public int Rerank(int k) => k + k / 2 + 10;

    public void Encode(ReadOnlySpan<float> vector, float norm, byte* code, byte* scratch)
    {
        var steps = 127 / _range;
        var work = Rotate(vector, norm, scratch);
        var target = (sbyte*)code;
        for (var i = 0; i < _dimension; i++)
            target[i] = (sbyte)Math.Clamp(MathF.Round(work[i] * steps), -127, 127);
        for (var i = _dimension; i < CodeBytes; i++)
            target[i] = 0;
    }

    public Int8Scorer Scorer(CodeStore.View codes, byte* query) => new(this, _metric, codes, (short*)query);

    /// <summary>Writes a query and returns how many of its dot products make a cosine of 1.</summary>
    public float EncodeQuery(ReadOnlySpan<float> vector, float norm, short* query)
    {
        var steps = QuerySteps / _range;
        var work = Rotate(vector, norm, (byte*)query);
        for (var i = 0; i < _dimension; i++)
            query[i] = (short)Math.Clamp(MathF.Round(work[i] * steps), short.MinValue, short.MaxValue);
        for (var i = _dimension; i < CodeBytes; i++)
            query[i] = 0;
        return steps * (127 / _range);
    }

    /// <summary>As <see cref="EncodeQuery"/>, from a code.</summary>
    public float WidenCode(byte* code, short* query)
    {
        for (var i = 0; i < CodeBytes; i++)
            query[i] = ((sbyte*)code)[i];
        return 127 / _range * (127 / _range);
    }

    private Span<float> Rotate(ReadOnlySpan<float> vector, float norm, byte* scratch)
    {
        var work = new Span<float>(scratch + CodeBytes * sizeof(short), _dimension);
        System.Numerics.Tensors.TensorPrimitives.Multiply(vector, norm > 1e-37f ? 1 / norm : 0, work);
        _rotation.Apply(work);
        return work;
    }
}

/// <summary>Compares an int16 query with int8 rows.</summary>
internal unsafe struct Int8Scorer : IScorer
{
    /// <summary>Edges survive unless a kept neighbour is this much nearer, in squared distance (α of Vamana).</summary>
    private const float Slack = 1.1f;

    private readonly Int8Codec _codec;
    private readonly CodeStore.View _codes;
    private readonly short* _query;
    private readonly int _length;
    private readonly Metric _metric;
    private float _toCosine;
    private float _queryNorm;

    public Int8Scorer(Int8Codec codec, Metric metric, CodeStore.View codes, short* query)
    {
        _codec = codec;
        _codes = codes;
        _query = query;
        _length = codec.CodeBytes;
        // Of vectors of length 1 the direction says all: every metric orders as the cosine does.
        _metric = codes.IsUnit ? Metric.Cosine : metric;
    }

    public void Bind(ReadOnlySpan<float> vector)
    {
        _queryNorm = Similarity.Norm(vector);
        _toCosine = 1 / _codec.EncodeQuery(vector, _queryNorm, _query);
    }

    public void Bind(int row)
    {
        _queryNorm = MathF.Abs(_codes.Norm(row));
        _toCosine = 1 / _codec.WidenCode(_codes.At(row), _query);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly uint Distance(int row)
    {
        var dot = Int8Kernel.Dot(_query, (sbyte*)_codes.At(row), _length);
        return _metric == Metric.Cosine ? (uint)(int.MaxValue - dot) : Scaled(row, dot);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void Prefetch(int row) => Kernels.Prefetch.Lines(_codes.At(row), _length);

    public readonly bool Occludes(uint between, uint toNode) => _metric switch
    {
        Metric.Cosine => Slack * SquaredChord(between) < SquaredChord(toNode),
        Metric.L2 => Slack * OrderedKey.ToFloat(between) < OrderedKey.ToFloat(toNode),
        _ => between < toNode, // an inner product has no distance to give slack to
    };

    private readonly float SquaredChord(uint key) => 2 - 2 * (int.MaxValue - (int)key) * _toCosine;

    private readonly uint Scaled(int row, int dot)
    {
        var norm = _codes.Norm(row);
        var product = dot * _toCosine * norm * _queryNorm;
        return OrderedKey.From(_metric == Metric.L2 ? norm * norm + _queryNorm * _queryNorm - 2 * product : -product);
    }
}
