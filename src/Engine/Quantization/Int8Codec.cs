using Rag.Engine.Indexing;

namespace Rag.Engine.Quantization;

/// <summary>
/// One signed byte a dimension. What is coded is the direction, rotated so that every component is about normal with
/// variance 1/d; the scale therefore is a constant, 127 steps for 4.5 standard deviations (all of −1…1 in low
/// dimensions). The norm is kept beside. A byte, plus 128, is split into halves that lie in two planes, so that half
/// the cache lines tell most rows of a walk to be too far:
/// <code>
/// code:   high halves, P bytes │ low halves, P bytes     P = ⌈d / 64⌉ · 32; byte j: values j (low 4 bits) and P + j
/// query:  2P × int8, zero-padded │ d × float32 work space
/// </code>
/// </summary>
internal sealed unsafe class Int8Codec : ICodec<Int8Scorer>
{
    private const float Deviations = 4.5f;
    private const int Largest = 127;
    private const int Bias = 128;

    private readonly int _dimension;
    private readonly Metric _metric;
    private readonly Rotation _rotation;
    private readonly float _steps;

    public Int8Codec(int dimension, Metric metric)
    {
        _dimension = dimension;
        _metric = metric;
        _rotation = Rotation.For(dimension);
        _steps = Largest / MathF.Min(1, Deviations / MathF.Sqrt(dimension));
        PlaneBytes = (dimension + 63) / 64 * 32;
    }

    /// <summary>Bytes of one of the two planes of a code.</summary>
    public int PlaneBytes { get; }

    public int CodeBytes => 2 * PlaneBytes;

    public int QueryBytes => CodeBytes + _dimension * sizeof(float);

    /// <summary>What a dot product of codes is multiplied with to be a cosine.</summary>
    public float ToCosine => 1 / (_steps * _steps);

    public int Rerank(int k) => k + k / 2 + 10;

    public void Encode(ReadOnlySpan<float> vector, float norm, byte* code, byte* scratch)
    {
        EncodeQuery(vector, norm, (sbyte*)scratch);
        var values = (sbyte*)scratch;
        var low = code + PlaneBytes;
        for (var j = 0; j < PlaneBytes; j++)
        {
            var (first, second) = (values[j] + Bias, values[PlaneBytes + j] + Bias);
            code[j] = (byte)(first >> 4 | second & 0xF0);
            low[j] = (byte)(first & 15 | second << 4);
        }
    }

    public Int8Scorer Scorer(CodeStore.View codes, byte* query) => new(this, _metric, codes, (sbyte*)query);

    /// <summary>Writes the bytes of a vector, not split.</summary>
    public void EncodeQuery(ReadOnlySpan<float> vector, float norm, sbyte* query)
    {
        var work = new Span<float>((byte*)query + CodeBytes, _dimension);
        System.Numerics.Tensors.TensorPrimitives.Multiply(vector, norm > 1e-37f ? 1 / norm : 0, work);
        _rotation.Apply(work);
        for (var i = 0; i < _dimension; i++)
            query[i] = (sbyte)Math.Clamp(MathF.Round(work[i] * _steps), -Largest, Largest);
        for (var i = _dimension; i < CodeBytes; i++)
            query[i] = 0;
    }

    /// <summary>Joins the halves of a code.</summary>
    public void Join(byte* code, sbyte* query)
    {
        var low = code + PlaneBytes;
        for (var j = 0; j < PlaneBytes; j++)
        {
            query[j] = (sbyte)(((code[j] & 15) << 4 | low[j] & 15) - Bias);
            query[PlaneBytes + j] = (sbyte)((code[j] & 0xF0 | low[j] >> 4) - Bias);
        }
    }
}
