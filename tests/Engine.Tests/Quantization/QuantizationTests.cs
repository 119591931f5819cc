using Rag.Engine.Indexing;
using Rag.Engine.Kernels;
using Rag.Engine.Quantization;
using Rag.Engine.Rows;

namespace Rag.Engine.Tests.Quantization;

public sealed class QuantizationTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(7)]
    [InlineData(64)]
    [InlineData(100)]
    [InlineData(384)]
    [InlineData(4095)]
    public void A_rotation_keeps_lengths_and_angles(int dimension)
    {
        var random = new Random(dimension);
        var x = Array.ConvertAll(new float[dimension], _ => (float)random.NextDouble() - 0.5f);
        var y = Array.ConvertAll(new float[dimension], _ => (float)random.NextDouble() - 0.3f);
        var (norm, dot) = (Similarity.Norm(x), Similarity.Dot(x, y));
        Rotation.For(dimension).Apply(x);
        Rotation.For(dimension).Apply(y);
        Similarity.Norm(x).ShouldBe(norm, 1e-4 * norm);
        Similarity.Dot(x, y).ShouldBe(dot, 1e-3 * Math.Max(1, Math.Abs(dot)));
    }

    [Fact]
    public void A_rotation_spreads_a_single_component_over_all()
    {
        var x = new float[384];
        x[5] = 1;
        Rotation.For(384).Apply(x);
        x.Max(MathF.Abs).ShouldBeLessThan(4.5f / MathF.Sqrt(384));
    }

    [Theory]
    [InlineData(64)]
    [InlineData(100)]
    [InlineData(384)]
    public unsafe void Binary_codes_estimate_cosines_without_bias(int dimension)
    {
        const int count = 2000;
        var random = new Random(dimension);
        using var rows = new VectorRows(dimension);
        var codec = new BinaryCodec(dimension, Metric.Cosine, rows);
        using var codes = new CodeStore(codec.CodeBytes);
        codes.Reserve(count);
        var query = Vector();
        var work = new byte[codec.QueryBytes];
        fixed (byte* scratch = work)
        {
            var vectors = new float[count][];
            for (var row = 0; row < count; row++)
            {
                vectors[row] = Vector();
                codec.Encode(vectors[row], Similarity.Norm(vectors[row]), codes.Current.At(row), scratch);
                codes.SetNorm(codes.Current, row, 1);
            }

            codes.Publish(count, count);
            var scorer = codec.Scorer(codes.Current, scratch);
            scorer.Bind(query);
            var errors = new double[count];
            for (var row = 0; row < count; row++)
                errors[row] = -OrderedKey.ToFloat(scorer.Distance(row)) - Similarity.Cosine(query, vectors[row]);
            var deviation = Math.Sqrt(errors.Average(error => error * error));
            deviation.ShouldBeInRange(0.6 / Math.Sqrt(dimension), 0.9 / Math.Sqrt(dimension));
            Math.Abs(errors.Average()).ShouldBeLessThan(5 * deviation / Math.Sqrt(count));
        }

        float[] Vector() => Array.ConvertAll(new float[dimension], _ => (float)(random.NextDouble() + random.NextDouble()) - 0.7f);
    }

    [Fact]
    public void Ordered_keys_order_like_floats_and_come_back()
    {
        float[] values = [float.NegativeInfinity, -3e38f, -1.5f, -float.Epsilon, 0, float.Epsilon, 1, 2.5f, 3e38f];
        var keys = Array.ConvertAll(values, OrderedKey.From);
        keys.ShouldBe(keys.Order());
        Array.ConvertAll(keys, OrderedKey.ToFloat).ShouldBe(values);
    }
}
