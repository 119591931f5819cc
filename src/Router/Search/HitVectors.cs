using System.Numerics;
using System.Runtime.InteropServices;
using Google.Protobuf;
using Rag.V1;
using Vector = Rag.V1.Vector;

namespace Rag.Router.Search;

/// <summary>Vectors that shards sent along with hits, and how they compare.</summary>
internal static class HitVectors
{
    /// <summary>The vector of a hit or chunk in a space; empty where it has none.</summary>
    public static float[] Of(IDictionary<string, Vector> vectors, string space) =>
        vectors.TryGetValue(space, out var vector) ? Of(vector) : [];

    public static float[] Of(Vector vector) =>
        vector.KindCase == Vector.KindOneofCase.Packed ? Of(vector.Packed) : [.. vector.Dense.Values];

    public static float[] Of(ByteString packed)
    {
        var values = new float[packed.Length / sizeof(float)];
        for (var i = 0; i < values.Length; i++)
            values[i] = System.Buffers.Binary.BinaryPrimitives.ReadSingleLittleEndian(packed.Span[(i * sizeof(float))..]);
        return values;
    }

    public static ByteString Pack(ReadOnlySpan<float> values)
    {
        var bytes = new byte[values.Length * sizeof(float)];
        for (var i = 0; i < values.Length; i++)
            System.Buffers.Binary.BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(i * sizeof(float)), values[i]);
        return UnsafeByteOperations.UnsafeWrap(bytes);
    }

    /// <summary>The score of a metric: higher is better.</summary>
    public static float Score(Metric metric, ReadOnlySpan<float> left, ReadOnlySpan<float> right) => metric switch
    {
        Metric.L2 => -SquaredDistance(left, right),
        Metric.InnerProduct => Dot(left, right),
        _ => Cosine(left, right),
    };

    /// <summary>0 where one of them has no direction.</summary>
    public static float Cosine(ReadOnlySpan<float> left, ReadOnlySpan<float> right)
    {
        if (left.Length == 0 || left.Length != right.Length)
            return 0;
        var lengths = Math.Sqrt(Dot(left, left)) * Math.Sqrt(Dot(right, right));
        return lengths > 0 ? (float)(Dot(left, right) / lengths) : 0;
    }

    /// <summary>Makes its length 1; one without a direction stays as it is.</summary>
    public static void Normalize(Span<float> vector)
    {
        var length = Math.Sqrt(Dot(vector, vector));
        for (var i = 0; length > 0 && i < vector.Length; i++)
            vector[i] = (float)(vector[i] / length);
    }

    public static float Dot(ReadOnlySpan<float> left, ReadOnlySpan<float> right)
    {
        var lefts = MemoryMarshal.Cast<float, Vector<float>>(left);
        var rights = MemoryMarshal.Cast<float, Vector<float>>(right);
        var sums = Vector<float>.Zero;
        for (var i = 0; i < lefts.Length; i++)
            sums += lefts[i] * rights[i];
        var sum = System.Numerics.Vector.Sum(sums);
        for (var i = lefts.Length * Vector<float>.Count; i < left.Length; i++)
            sum += left[i] * right[i];
        return sum;
    }

    private static float SquaredDistance(ReadOnlySpan<float> left, ReadOnlySpan<float> right)
    {
        var sum = 0f;
        for (var i = 0; i < left.Length; i++)
            sum += (left[i] - right[i]) * (left[i] - right[i]);
        return sum;
    }
}
