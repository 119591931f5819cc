using System.Runtime.CompilerServices;
using Rag.Engine.Indexing;
using Rag.Engine.Kernels;

namespace Rag.Engine.Quantization;

/// <summary>Four bytes a dimension: the vector itself, scaled to length 1 for the cosine, zero-padded to 64 bytes.</summary>
internal sealed unsafe class Float32Codec : ICodec<Float32Scorer>
{
    private readonly int _dimension;
    private readonly Metric _metric;

    public Float32Codec(int dimension, Metric metric)
    {
        _dimension = dimension;
        _metric = metric;
        CodeBytes = (dimension * sizeof(float) + 63) / 64 * 64;
    }

    public int CodeBytes { get; }

    public int QueryBytes => CodeBytes;

    public int Rerank(int k) => k;

    public void Encode(ReadOnlySpan<float> vector, float norm, byte* code, byte* scratch)
    {
        var target = new Span<float>(code, CodeBytes / sizeof(float));
        target[_dimension..].Clear();
        if (_metric == Metric.Cosine)
            System.Numerics.Tensors.TensorPrimitives.Multiply(vector, norm > 1e-37f ? 1 / norm : 0, target);
        else
            vector.CopyTo(target);
    }

    public Float32Scorer Scorer(CodeStore.View codes, byte* query) => new(this, _metric, codes, (float*)query);
}

/// <summary>Compares float32 with float32.</summary>
internal readonly unsafe struct Float32Scorer(Float32Codec codec, Metric metric, CodeStore.View codes, float* query)
    : IScorer
{
    private readonly CodeStore.View _codes = codes;
    private readonly float* _query = query;
    private readonly int _length = codec.CodeBytes / sizeof(float);
    private readonly Metric _metric = metric;

    public void Bind(ReadOnlySpan<float> vector) =>
        codec.Encode(vector, Similarity.Norm(vector), (byte*)_query, null);

    public void Bind(int row) => Unsafe.CopyBlock(_query, _codes.At(row), (uint)_length * sizeof(float));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public uint Distance(int row)
    {
        var code = (float*)_codes.At(row);
        return OrderedKey.From(_metric == Metric.L2
            ? FloatKernel.Reduce<FloatSquaredL2>(_query, code, _length)
            : -FloatKernel.Reduce<FloatDot>(_query, code, _length));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Prefetch(int row) => Kernels.Prefetch.Lines(_codes.At(row), _length * sizeof(float));

    public int KeepNear(int* rows, int count, uint worst) => count;

    public void Distances(int* rows, int count, uint* distances)
    {
        for (var i = 0; i < count; i++)
            distances[i] = Distance(rows[i]);
    }

    public uint Doubtful(uint distance) => distance;

    public bool Occludes(uint between, uint toNode) => DistanceKey.Occludes(_metric, between, toNode);
}
