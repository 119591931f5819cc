using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Rag.Embedding.Lookup;

namespace Rag.Embedding.Tests;

public sealed class EmbeddingBagTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(7)]
    [InlineData(8)]
    [InlineData(31)]
    [InlineData(64)]
    [InlineData(127)]
    [InlineData(128)]
    [InlineData(150)]
    [InlineData(384)]
    [InlineData(513)]
    public void Every_kernel_agrees_with_the_scalar_reference(int dimension)
    {
        const int vocabulary = 97;
        var random = new Random(dimension);
        var rows = new sbyte[vocabulary * dimension];
        random.NextBytes(System.Runtime.InteropServices.MemoryMarshal.AsBytes(rows.AsSpan()));
        var scales = Enumerable.Range(0, vocabulary).Select(_ => random.NextSingle()).ToArray();
        foreach (var count in new[] { 0, 1, 2, 5, 100 })
        {
            var ids = Enumerable.Range(0, count).Select(_ => random.Next(vocabulary)).ToArray();
            var expected = new float[dimension];
            EmbeddingBag.SumScalar(ids, rows, scales, expected, 0);

            Check(EmbeddingBag.Sum);
            if (Vector512.IsHardwareAccelerated && Avx512F.IsSupported)
                Check(EmbeddingBag.Sum<Lanes512>);
            if (Avx2.IsSupported)
                Check(EmbeddingBag.Sum<Lanes256>);
            Check(EmbeddingBag.Sum<Lanes128>);

            void Check(Kernel kernel)
            {
                var actual = new float[dimension];
                actual.AsSpan().Fill(float.NaN);
                kernel(ids, rows, scales, actual);
                for (var d = 0; d < dimension; d++)
                    actual[d].ShouldBe(expected[d], 1e-2f * Math.Max(1, Math.Abs(expected[d]) / 100));
            }
        }
    }

    private delegate void Kernel(
        ReadOnlySpan<int> ids, ReadOnlySpan<sbyte> rows, ReadOnlySpan<float> scales, Span<float> sum);
}
