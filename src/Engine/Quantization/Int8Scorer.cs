using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Rag.Engine.Indexing;
using Rag.Engine.Kernels;

namespace Rag.Engine.Quantization;

/// <summary>
/// Compares an int8 query with int8 rows. The high halves alone give the dot product up to Σ q·(low − 7.5), which is
/// about normal with deviation √21.25·|q|; the bound stays three of these away.
/// </summary>
internal unsafe struct Int8Scorer : IScorer
{
    private const float BoundDeviations = 3;
    private const float HalfDeviation = 4.61f; // √((16² − 1) / 12)

    // Rounding moves a dot product by about |q|·√(2/12), the difference of two by |q|·√(4/12): 2 |q| is 3.5 of these.
    private const float DoubtfulNorms = 2;

    private static readonly sbyte[] Ones = Enumerable.Repeat((sbyte)1, VectorIndexOptions.MaxDimension).ToArray();

    private readonly Int8Codec _codec;
    private readonly CodeStore.View _codes;
    private readonly sbyte* _query;
    private readonly int _planeBytes;
    private readonly Metric _metric;
    private readonly float _toCosine;
    private float _queryNorm;
    private int _bias;
    private int _boundBias;
    private uint _doubt;

    public Int8Scorer(Int8Codec codec, Metric metric, CodeStore.View codes, sbyte* query)
    {
        _codec = codec;
        _codes = codes;
        _query = query;
        _planeBytes = codec.PlaneBytes;
        _toCosine = codec.ToCosine;
        // Of vectors of length 1 the direction says all: every metric orders as the cosine does.
        _metric = codes.IsUnit ? Metric.Cosine : metric;
    }

    public void Bind(ReadOnlySpan<float> vector)
    {
        _queryNorm = Similarity.Norm(vector);
        _codec.EncodeQuery(vector, _queryNorm, _query);
        Prepare();
    }

    public void Bind(int row)
    {
        _queryNorm = MathF.Abs(_codes.Norm(row));
        _codec.Join(_codes.At(row), _query);
        Prepare();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void Prefetch(int row) => Kernels.Prefetch.Lines(_codes.At(row), _planeBytes);

    public readonly int KeepNear(int* rows, int count, uint worst)
    {
        var kept = 0;
        var i = 0;
        for (; i <= count - 4; i += 4)
        {
            for (var near = Near(rows + i, worst); near != 0; near &= near - 1)
                kept = Keep(rows, kept, rows[i + BitOperations.TrailingZeroCount(near)]);
        }

        for (; i < count; i++)
        {
            var dot = NibbleKernel.Dot(_codes.At(rows[i]), _query, _planeBytes);
            if (Key(rows[i], 16 * dot + _boundBias) < worst)
                kept = Keep(rows, kept, rows[i]);
        }

        return kept;
    }

    public readonly void Distances(int* rows, int count, uint* distances)
    {
        var i = 0;
        for (; i <= count - 4; i += 4)
        {
            var dots = HighDots(rows + i) * 16 + NibbleKernel.FourDots(
                _codes.At(rows[i]) + _planeBytes, _codes.At(rows[i + 1]) + _planeBytes,
                _codes.At(rows[i + 2]) + _planeBytes, _codes.At(rows[i + 3]) + _planeBytes, _query, _planeBytes);
            for (var j = 0; j < 4; j++)
                distances[i + j] = Key(rows[i + j], dots[j] + _bias);
        }

        for (; i < count; i++)
            distances[i] = Distance(rows[i]);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly uint Distance(int row)
    {
        var code = _codes.At(row);
        var high = NibbleKernel.Dot(code, _query, _planeBytes);
        var low = NibbleKernel.Dot(code + _planeBytes, _query, _planeBytes);
        return Key(row, 16 * high + low + _bias);
    }

    public readonly uint Doubtful(uint distance)
    {
        if (_metric == Metric.Cosine)
            return Math.Min(distance, uint.MaxValue - _doubt) + _doubt;
        // An error of the cosine weighs as much as the lengths do, in a squared distance twice.
        var error = _doubt * _toCosine * _queryNorm * _codes.LargestNorm * (_metric == Metric.L2 ? 2 : 1);
        return OrderedKey.From(OrderedKey.ToFloat(distance) + error);
    }

    public readonly bool Occludes(uint between, uint toNode) => _metric switch
    {
        Metric.Cosine => DistanceKey.Slack * SquaredChord(between) < SquaredChord(toNode),
        _ => DistanceKey.Occludes(_metric, between, toNode),
    };

    private void Prepare()
    {
        var values = new ReadOnlySpan<sbyte>(_query, 2 * _planeBytes);
        var sum = Similarity.Dot(values, Ones.AsSpan(0, values.Length));
        var norm = MathF.Sqrt(Similarity.Dot(values, values));
        _bias = -128 * sum;
        _doubt = (uint)(DoubtfulNorms * norm);
        _boundBias = _bias + (int)(7.5f * sum + BoundDeviations * HalfDeviation * norm);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly Vector128<int> HighDots(int* rows) => NibbleKernel.FourDots(
        _codes.At(rows[0]), _codes.At(rows[1]), _codes.At(rows[2]), _codes.At(rows[3]), _query, _planeBytes);

    /// <summary>Which of four rows may be near enough, a bit each.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly uint Near(int* rows, uint worst)
    {
        var bounds = HighDots(rows) * 16 + Vector128.Create(_boundBias);
        if (_metric == Metric.Cosine) // a key below the worst is a product above this
            return Vector128.GreaterThan(bounds, Vector128.Create((int)(int.MaxValue - (long)worst))).ExtractMostSignificantBits();
        var near = 0u;
        for (var i = 0; i < 4; i++)
            near |= Key(rows[i], bounds[i]) < worst ? 1u << i : 0;
        return near;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly int Keep(int* rows, int kept, int row)
    {
        Kernels.Prefetch.Lines(_codes.At(row) + _planeBytes, _planeBytes);
        rows[kept] = row;
        return kept + 1;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly uint Key(int row, int dot) => _metric == Metric.Cosine
        ? (uint)(int.MaxValue - dot)
        : DistanceKey.From(_metric, dot * _toCosine, _codes.Norm(row), _queryNorm);

    private readonly float SquaredChord(uint key) => 2 - 2 * (int.MaxValue - (int)key) * _toCosine;
}
