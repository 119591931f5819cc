using Rag.Engine.Mutations;
using Rag.Engine.MultiVectors;

namespace Rag.Engine.Tests.MultiVectors;

/// <summary>Late interaction beside adding up the highest inner products one by one.</summary>
public sealed class MaxSimTests
{
    [Fact]
    public void Scores_are_those_of_the_stored_form_and_near_those_of_the_floats()
    {
        for (var seed = 0; seed < 60; seed++)
        {
            var random = new Random(seed);
            var dimension = random.Next(1, 200);
            var query = Random(random, dimension, random.Next(1, 40));
            var passage = Random(random, dimension, random.Next(1, 60));
            var score = query.MaxSimWith(passage);

            var stored = MaxSimOracle.Score(Stored(query), Stored(passage));
            ((double)score).ShouldBe(stored, 1e-4 * (1 + Math.Abs(stored)), $"seed {seed}");
            var exact = MaxSimOracle.Score(query, passage);
            // Each of dimension products is off by 1/254 of a factor twice; the errors mostly cancel out.
            ((double)score).ShouldBe(exact, query.Count * 0.02 * Math.Sqrt(dimension), $"seed {seed}");
        }
    }

    [Fact]
    public void The_best_vector_counts_also_where_all_products_are_negative()
    {
        var query = new MultiVector(2, new float[] { 1, 0 });
        query.MaxSimWith(new MultiVector(2, new float[] { -3, 0, -2, 0 })).ShouldBe(-2, 1e-5f);
        query.MaxSimWith(new MultiVector(2, new float[] { 0, 0 })).ShouldBe(0);
    }

    [Fact]
    public void Components_at_the_ends_of_float32_give_numbers()
    {
        foreach (var value in new[] { float.MaxValue, float.MinValue, float.Epsilon, -float.Epsilon, 1e-38f, 0 })
        {
            foreach (var other in new[] { float.MaxValue, float.MinValue, float.Epsilon, 1, 0 })
            {
                var (x, y) = (new MultiVector(2, new[] { value, 0f }), new MultiVector(2, new[] { other, 1f }));
                x.FindError().ShouldBeNull();
                float.IsFinite(x.MaxSimWith(y)).ShouldBeTrue($"{value} × {other}");
            }
        }
    }

    [Fact]
    public void What_is_no_multi_vector_is_named()
    {
        new MultiVector(2, Array.Empty<float>()).FindError().ShouldNotBeNull();
        new MultiVector(2, new float[3]).FindError().ShouldNotBeNull();
        new MultiVector(0, new float[3]).FindError().ShouldNotBeNull();
        new MultiVector(1025, new float[1025]).FindError().ShouldNotBeNull();
        new MultiVector(1, new float[1025]).FindError().ShouldNotBeNull();
        new MultiVector(1024, new float[129 * 1024]).FindError().ShouldNotBeNull();
        new MultiVector(2, new[] { 1, float.NaN }).FindError().ShouldNotBeNull();
        new MultiVector(1024, new float[128 * 1024]).FindError().ShouldBeNull();
    }

    [Fact]
    public void Damaged_bytes_are_malformed_and_nothing_else()
    {
        var random = new Random(7);
        var whole = MultiVectorCodec.Encode(Random(random, 5, 4));
        MultiVectorCodec.Decode(whole).Count.ShouldBe(4);
        for (var i = 0; i < 2000; i++)
        {
            var bytes = whole.AsSpan(0, random.Next(whole.Length + 1)).ToArray();
            for (var changes = random.Next(4); changes > 0 && bytes.Length > 0; changes--)
                bytes[random.Next(Math.Min(bytes.Length, 8))] = (byte)random.Next(256);
            try
            {
                MultiVectorCodec.Decode(bytes).Count.ShouldBeGreaterThan(0);
            }
            catch (InvalidDataException)
            {
                // What is to be.
            }
        }
    }

    private static MultiVector Random(Random random, int dimension, int count) => new(
        dimension, Enumerable.Range(0, dimension * count).Select(_ => (float)(random.NextDouble() * 2 - 1)).ToArray());

    private static MultiVector Stored(MultiVector vectors) => MultiVectorCodec.Decode(MultiVectorCodec.Encode(vectors));
}
