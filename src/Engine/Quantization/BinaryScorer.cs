using System.Numerics;
using System.Runtime.CompilerServices;
using Rag.Engine.Indexing;
using Rag.Engine.Kernels;

namespace Rag.Engine.Quantization;

/// <summary>Estimates the distance of a query of four bits a component to rows of one bit, by counting common bits.</summary>
internal unsafe struct BinaryScorer : IScorer
{
    private const float EstimateDeviation = 0.75f;
    private const float DoubtfulDeviations = 2.5f;

    private readonly BinaryCodec _codec;
    private readonly CodeStore.View _codes;
    private readonly ulong* _query;
    private readonly int _words;
    private readonly Metric _metric;
    private readonly float _doubt;
    private float _queryNorm;
    private float _bias;

    public BinaryScorer(BinaryCodec codec, Metric metric, CodeStore.View codes, ulong* query)
    {
        _codec = codec;
        _codes = codes;
        _query = query;
        _words = codec.Words;
        // Of vectors of length 1 the direction says all: every metric orders as the cosine does.
        _metric = codes.IsUnit ? Metric.Cosine : metric;
        _doubt = DoubtfulDeviations * EstimateDeviation / MathF.Sqrt(codec.Dimension);
    }

    public void Bind(ReadOnlySpan<float> vector)
    {
        _queryNorm = Similarity.Norm(vector);
        _bias = _codec.EncodeQuery(vector, _queryNorm, (byte*)_query);
    }

    public void Bind(int row) => Bind(_codec.Row(row));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void Prefetch(int row) => Kernels.Prefetch.Lines(_codes.At(row), _words * sizeof(ulong) + 2 * sizeof(float));

    public readonly int KeepNear(int* rows, int count, uint worst) => count;

    public readonly void Distances(int* rows, int count, uint* distances)
    {
        for (var i = 0; i < count; i++)
            distances[i] = Distance(rows[i]);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly uint Distance(int row)
    {
        var signs = (ulong*)_codes.At(row);
        var plane = _query;
        int sum0 = 0, sum1 = 0, sum2 = 0, sum3 = 0;
        for (var word = 0; word < _words; word++, plane++)
        {
            var bits = signs[word];
            sum0 += BitOperations.PopCount(bits & plane[0]);
            sum1 += BitOperations.PopCount(bits & plane[_words]);
            sum2 += BitOperations.PopCount(bits & plane[2 * _words]);
            sum3 += BitOperations.PopCount(bits & plane[3 * _words]);
        }

        var rest = (float*)(signs + _words);
        var steps = sum0 + 2 * sum1 + 4 * sum2 + 8 * sum3 - BinaryCodec.Middle * ((int*)rest)[1];
        return Key(row, (2 * steps - _bias) * _codec.Step * rest[0]);
    }

    public readonly uint Doubtful(uint distance) => _metric == Metric.Cosine
        ? OrderedKey.From(OrderedKey.ToFloat(distance) + _doubt)
        : uint.MaxValue;

    public readonly bool Occludes(uint between, uint toNode) => DistanceKey.Occludes(_metric, between, toNode);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly uint Key(int row, float cosine) => _metric == Metric.Cosine
        ? OrderedKey.From(-cosine)
        : DistanceKey.From(_metric, cosine, _codes.Norm(row), _queryNorm);
}
