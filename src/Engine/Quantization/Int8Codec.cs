using System.Numerics.Tensors;
using System.Runtime.Intrinsics;
using Rag.Engine.Indexing;

namespace Rag.Engine.Quantization;

/// <summary>
/// One signed byte a dimension. What is coded is the direction, rotated so that every component is about normal with
/// variance 1/d; the scale therefore is a constant, 127 steps for 4.5 standard deviations (all of −1…1 in low
/// dimensions). The norm is kept beside. A byte, plus 128, is split into halves that lie in two planes, so that half
/// the cache lines tell most rows of a walk to be too far:
/// <code>
/// code:   high halves, P bytes │ low halves, P bytes     P = ⌈d / 64⌉ · 32; byte j: values j (low 4 bits) and P + j
/// query:  2P × int8, zero-padded │ 2P × float32 work space
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

    public int QueryBytes => CodeBytes + CodeBytes * sizeof(float);

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
        var work = new Span<float>((byte*)query + CodeBytes, CodeBytes);
        var rotated = work[.._dimension];
        TensorPrimitives.Multiply(vector, norm > 1e-37f ? _steps / norm : 0, rotated);
        _rotation.Apply(rotated);
        work[_dimension..].Clear();
        for (var i = 0; i < CodeBytes; i += 16)
        {
            var low = Vector128.Narrow(Steps(work, i), Steps(work, i + 4));
            var high = Vector128.Narrow(Steps(work, i + 8), Steps(work, i + 12));
            Vector128.Narrow(low, high).Store(query + i);
        }
    }

    /// <summary>Joins the halves of a code.</summary>
    public void Join(byte* code, sbyte* query)
    {
        var (mask, bias) = (Vector128.Create((byte)15), Vector128.Create((byte)Bias));
        for (var j = 0; j < PlaneBytes; j += 16)
        {
            var (high, low) = (Vector128.Load(code + j), Vector128.Load(code + PlaneBytes + j));
            // Shifts of 16 bits move bits between bytes; the masks take them away.
            var first = (high.AsUInt16() << 4).AsByte() & ~mask | low & mask;
            var second = high & ~mask | (low.AsUInt16() >>> 4).AsByte() & mask;
            (first - bias).AsSByte().Store(query + j);
            (second - bias).AsSByte().Store(query + PlaneBytes + j);
        }
    }

    private static Vector128<int> Steps(ReadOnlySpan<float> work, int at)
    {
        var limit = Vector128.Create((float)Largest);
        var values = Vector128.Round(Vector128.Create(work.Slice(at, 4)));
        return Vector128.ConvertToInt32(Vector128.Min(limit, Vector128.Max(-limit, values)));
    }
}
