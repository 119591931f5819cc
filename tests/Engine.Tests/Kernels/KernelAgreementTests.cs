using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Rag.Engine.Kernels;

namespace Rag.Engine.Tests.Kernels;

/// <summary>Every width of every kernel against the scalar reference, on every length around the widths' multiples.</summary>
public sealed unsafe class KernelAgreementTests
{
    private static readonly int[] Lengths = [.. Enumerable.Range(0, 140), 255, 256, 384, 385, 1000, 4096];

    [Fact]
    public void Float_dot_agrees_with_the_reference_at_every_width() => FloatsAgree<FloatDot>();

    [Fact]
    public void Float_squared_L2_agrees_with_the_reference_at_every_width() => FloatsAgree<FloatSquaredL2>();

    [Fact]
    public void Int8_dot_agrees_with_the_reference_at_every_width() => BytesAgree<IntegerDot>();

    [Fact]
    public void Int8_squared_L2_agrees_with_the_reference_at_every_width() => BytesAgree<IntegerSquaredL2>();

    [Fact]
    public void Nibble_planes_agree_with_the_reference_at_every_width()
    {
        var random = new Random(3);
        for (var planeBytes = 32; planeBytes <= 2048; planeBytes += 32)
        {
            var plane = new byte[planeBytes];
            random.NextBytes(plane);
            if (planeBytes % 96 == 0)
                plane.AsSpan().Fill(0xFF);
            var query = Array.ConvertAll(new sbyte[2 * planeBytes],
                _ => planeBytes % 128 == 0 ? (sbyte)-127 : (sbyte)random.Next(-127, 128));
            fixed (byte* p = plane)
            fixed (sbyte* q = query)
            {
                var expected = NibbleKernel.DotScalar(p, q, planeBytes);
                NibbleKernel.Dot(p, q, planeBytes).ShouldBe(expected);
                NibbleKernel.Dot128(p, q, planeBytes).ShouldBe(expected);
                if (Avx2.IsSupported)
                    NibbleKernel.Dot256(p, q, planeBytes).ShouldBe(expected);
                if (Avx512BW.IsSupported)
                    NibbleKernel.Dot512(p, q, planeBytes).ShouldBe(expected);
            }
        }
    }

    [Fact]
    public void Four_dots_at_once_are_those_of_each_plane()
    {
        var random = new Random(4);
        for (var planeBytes = 32; planeBytes <= 2048; planeBytes += 32)
        {
            var planes = new byte[4 * planeBytes];
            random.NextBytes(planes);
            if (planeBytes % 96 == 0)
                planes.AsSpan(planeBytes, planeBytes).Fill(0xFF);
            var query = Array.ConvertAll(new sbyte[2 * planeBytes],
                _ => planeBytes % 128 == 0 ? (sbyte)-127 : (sbyte)random.Next(-127, 128));
            fixed (byte* p = planes)
            fixed (sbyte* q = query)
            {
                var (p1, p2, p3) = ((nint)(p + planeBytes), (nint)(p + 2 * planeBytes), (nint)(p + 3 * planeBytes));
                var expected = Vector128.Create(
                    NibbleKernel.DotScalar(p, q, planeBytes), NibbleKernel.DotScalar((byte*)p1, q, planeBytes),
                    NibbleKernel.DotScalar((byte*)p2, q, planeBytes), NibbleKernel.DotScalar((byte*)p3, q, planeBytes));
                NibbleKernel.FourDots(p, (byte*)p1, (byte*)p2, (byte*)p3, q, planeBytes).ShouldBe(expected);
                if (AvxVnni.IsSupported)
                    NibbleKernel.FourDotsVnni(p, (byte*)p1, (byte*)p2, (byte*)p3, q, planeBytes).ShouldBe(expected);
                if (Avx2.IsSupported)
                    NibbleKernel.FourDots256(p, (byte*)p1, (byte*)p2, (byte*)p3, q, planeBytes).ShouldBe(expected);
            }
        }
    }

    [Fact]
    public void Four_vectors_at_once_give_the_dots_of_each()
    {
        var random = new Random(6);
        foreach (var length in Lengths)
        {
            var (quad, y) = (Bytes(random, 4 * length), Bytes(random, length));
            if (length % 3 == 0)
            {
                quad.AsSpan(0, length).Fill(-128);
                y.AsSpan().Fill(length % 2 == 0 ? (sbyte)-128 : (sbyte)127);
            }

            fixed (sbyte* px = quad, py = y)
            {
                var expected = Vector128<int>.Zero;
                for (var i = 0; i < 4; i++)
                    expected = expected.WithElement(i, Int8Kernel.ReduceScalar<IntegerDot>(px + i * length, py, 0, length, 0));
                QuadKernel.Dots(px, py, length, QuadKernel.Bias(px, length)).ShouldBe(expected);
                QuadKernel.DotsApart(px, py, length).ShouldBe(expected);
                if (AvxVnni.IsSupported)
                    (QuadKernel.DotsVnni(px, py, length) - QuadKernel.BiasVnni(px, length)).ShouldBe(expected);
            }
        }
    }

    [Fact]
    public void The_portable_nibble_step_adds_up_to_the_same()
    {
        var random = new Random(5);
        var x = Vector128.Create(Array.ConvertAll(new byte[16], _ => (byte)random.Next(16)));
        var y = Vector128.Create(Array.ConvertAll(new sbyte[16], _ => (sbyte)random.Next(-127, 128)));
        var expected = Enumerable.Range(0, 16).Sum(i => x[i] * y[i]);
        ((int)Vector128.Sum(NibbleKernel.MultiplyPortable(x, y))).ShouldBe(expected);
    }

    [Fact]
    public void The_portable_integer_step_equals_the_instruction()
    {
        var random = new Random(4);
        for (var i = 0; i < 100; i++)
        {
            var x = Vector128.Create(Array.ConvertAll(new short[8], _ => (short)random.Next(-255, 256)));
            var y = Vector128.Create(Array.ConvertAll(new short[8], _ => (short)random.Next(-255, 256)));
            Vector128.Sum(IntegerDot.AddPortable(default, x, y)).ShouldBe(Vector128.Sum(IntegerDot.Add(default(Vector128<int>), x, y)));
        }
    }

    [Fact]
    public void Extreme_bytes_do_not_overflow()
    {
        var low = Enumerable.Repeat((sbyte)-128, 4096).ToArray();
        var high = Enumerable.Repeat((sbyte)127, 4096).ToArray();
        Similarity.Dot(low, low).ShouldBe(128 * 128 * 4096);
        Similarity.SquaredL2(low, high).ShouldBe(255 * 255 * 4096);
    }

    [Fact]
    public void Cosine_of_a_zero_vector_is_zero_and_of_itself_one()
    {
        float[] x = [3, -4, 12];
        Similarity.Cosine(x, x).ShouldBe(1, 1e-6);
        Similarity.Cosine(x, new float[3]).ShouldBe(0);
        Similarity.Cosine(new sbyte[] { 5, 5 }, new sbyte[] { 5, -5 }).ShouldBe(0);
    }

    [Fact]
    public void Norms_beyond_the_range_of_squares_are_right()
    {
        Similarity.Norm([3e30f, 4e30f]).ShouldBe(5e30f, 1e25);
        Similarity.Norm([3e-30f, 4e-30f]).ShouldBe(5e-30f, 1e-35);
        Similarity.Norm([0f, 0f]).ShouldBe(0);
    }

    [Fact]
    public void Vectors_of_different_lengths_are_refused()
    {
        Should.Throw<ArgumentException>(() => Similarity.Dot(new float[3], new float[4]));
        Should.Throw<ArgumentException>(() => Similarity.SquaredL2(new sbyte[3], new sbyte[4]));
    }

    private static void FloatsAgree<TOperator>()
        where TOperator : struct, IFloatOperator
    {
        var random = new Random(1);
        foreach (var length in Lengths)
        {
            var x = Array.ConvertAll(new float[length], _ => (float)random.NextDouble() * 2 - 1);
            var y = Array.ConvertAll(new float[length], _ => (float)random.NextDouble() * 2 - 1);
            fixed (float* px = x, py = y)
            {
                var expected = FloatKernel.ReduceScalar<TOperator>(px, py, 0, length, 0);
                var tolerance = 1e-5 * Math.Max(1, length / 4.0);
                FloatKernel.Reduce<TOperator>(x, y).ShouldBe(expected, tolerance);
                FloatKernel.Reduce128<TOperator>(px, py, length).ShouldBe(expected, tolerance);
                FloatKernel.Reduce256<TOperator>(px, py, length).ShouldBe(expected, tolerance);
                FloatKernel.Reduce512<TOperator>(px, py, length).ShouldBe(expected, tolerance);
            }
        }
    }

    private static void BytesAgree<TOperator>()
        where TOperator : struct, IIntegerOperator
    {
        var random = new Random(2);
        foreach (var length in Lengths)
        {
            var (x, y) = (Bytes(random, length), Bytes(random, length));
            fixed (sbyte* px = x, py = y)
            {
                var expected = Int8Kernel.ReduceScalar<TOperator>(px, py, 0, length, 0);
                Int8Kernel.Reduce<TOperator>(x, y).ShouldBe(expected);
                Int8Kernel.Reduce128<TOperator>(px, py, length).ShouldBe(expected);
                if (Avx2.IsSupported)
                    Int8Kernel.Reduce256<TOperator>(px, py, length).ShouldBe(expected);
                if (Avx512BW.IsSupported)
                    Int8Kernel.Reduce512<TOperator>(px, py, length).ShouldBe(expected);
            }
        }
    }

    private static sbyte[] Bytes(Random random, int length) =>
        Array.ConvertAll(new sbyte[length], _ => (sbyte)random.Next(-128, 128));
}
