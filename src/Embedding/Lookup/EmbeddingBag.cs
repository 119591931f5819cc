using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Rag.Embedding.Lookup;

/// <summary>Σ scales[t] · rows[t] over the tokens t of a text: the inner loop of the lookup encoder.</summary>
internal static class EmbeddingBag
{
    /// <summary>Registers that sum at a time: 128 dimensions with AVX-512, and what they need stays in registers.</summary>
    private const int Accumulators = 8;

    // Rows are scattered over a table that no cache near the core holds whole.
    private const int PrefetchDistance = 4;

    /// <summary>
    /// Sets <paramref name="sum"/> (its length is the dimension) to the scaled sum of the rows that
    /// <paramref name="ids"/> select.
    /// </summary>
    /// <param name="ids">Row numbers; the caller has checked that they are in the table.</param>
    /// <param name="rows">The table, row-major int8, as many rows as <paramref name="scales"/>.</param>
    /// <param name="scales">One factor a row.</param>
    /// <param name="sum">Receives the sum.</param>
    public static void Sum(
        ReadOnlySpan<int> ids, ReadOnlySpan<sbyte> rows, ReadOnlySpan<float> scales, Span<float> sum)
    {
        if (Vector512.IsHardwareAccelerated && Avx512F.IsSupported)
            Sum<Lanes512>(ids, rows, scales, sum);
        else if (Avx2.IsSupported)
            Sum<Lanes256>(ids, rows, scales, sum);
        else if (Vector128.IsHardwareAccelerated)
            Sum<Lanes128>(ids, rows, scales, sum);
        else
            SumScalar(ids, rows, scales, sum, 0);
    }

    /// <summary>The same, one float at a time, for the dimensions from <paramref name="from"/> on.</summary>
    internal static void SumScalar(
        ReadOnlySpan<int> ids, ReadOnlySpan<sbyte> rows, ReadOnlySpan<float> scales, Span<float> sum, int from)
    {
        var dimension = sum.Length;
        sum[from..].Clear();
        foreach (var id in ids)
        {
            var row = rows.Slice(id * dimension, dimension);
            var scale = scales[id];
            for (var i = from; i < dimension; i++)
                sum[i] += scale * row[i];
        }
    }

    internal static void Sum<TLanes>(
        ReadOnlySpan<int> ids, ReadOnlySpan<sbyte> rows, ReadOnlySpan<float> scales, Span<float> sum)
        where TLanes : struct, ILanes<TLanes>
    {
        var dimension = sum.Length;
        var column = 0;
        for (; column + (Accumulators * TLanes.Width) <= dimension; column += Accumulators * TLanes.Width)
            SumBlock<TLanes>(ids, rows, scales, ref sum[column], dimension, column);
        for (; column + TLanes.Width <= dimension; column += TLanes.Width)
            SumColumn<TLanes>(ids, rows, scales, ref sum[column], dimension, column);
        if (column < dimension)
            SumScalar(ids, rows, scales, sum, column);
    }

    private static unsafe void SumBlock<TLanes>(
        ReadOnlySpan<int> ids, ReadOnlySpan<sbyte> rows, ReadOnlySpan<float> scales, ref float sum, int dimension,
        int column)
        where TLanes : struct, ILanes<TLanes>
    {
        TLanes a0 = default, a1 = default, a2 = default, a3 = default;
        TLanes a4 = default, a5 = default, a6 = default, a7 = default;
        ref var first = ref Unsafe.Add(ref MemoryMarshal.GetReference(rows), column);
        for (var i = 0; i < ids.Length; i++)
        {
            if (Sse.IsSupported && i + PrefetchDistance < ids.Length)
            {
                ref var ahead = ref Unsafe.Add(ref first, (nint)ids[i + PrefetchDistance] * dimension);
                Sse.Prefetch0(Unsafe.AsPointer(ref ahead));
                Sse.Prefetch0(Unsafe.AsPointer(ref Unsafe.Add(ref ahead, 64)));
            }

            var id = ids[i];
            var scale = scales[id];
            ref var row = ref Unsafe.Add(ref first, (nint)id * dimension);
            a0 = a0.AddScaled(ref row, scale);
            a1 = a1.AddScaled(ref Unsafe.Add(ref row, TLanes.Width), scale);
            a2 = a2.AddScaled(ref Unsafe.Add(ref row, 2 * TLanes.Width), scale);
            a3 = a3.AddScaled(ref Unsafe.Add(ref row, 3 * TLanes.Width), scale);
            a4 = a4.AddScaled(ref Unsafe.Add(ref row, 4 * TLanes.Width), scale);
            a5 = a5.AddScaled(ref Unsafe.Add(ref row, 5 * TLanes.Width), scale);
            a6 = a6.AddScaled(ref Unsafe.Add(ref row, 6 * TLanes.Width), scale);
            a7 = a7.AddScaled(ref Unsafe.Add(ref row, 7 * TLanes.Width), scale);
        }

        a0.Store(ref sum);
        a1.Store(ref Unsafe.Add(ref sum, TLanes.Width));
        a2.Store(ref Unsafe.Add(ref sum, 2 * TLanes.Width));
        a3.Store(ref Unsafe.Add(ref sum, 3 * TLanes.Width));
        a4.Store(ref Unsafe.Add(ref sum, 4 * TLanes.Width));
        a5.Store(ref Unsafe.Add(ref sum, 5 * TLanes.Width));
        a6.Store(ref Unsafe.Add(ref sum, 6 * TLanes.Width));
        a7.Store(ref Unsafe.Add(ref sum, 7 * TLanes.Width));
    }

    private static void SumColumn<TLanes>(
        ReadOnlySpan<int> ids, ReadOnlySpan<sbyte> rows, ReadOnlySpan<float> scales, ref float sum, int dimension,
        int column)
        where TLanes : struct, ILanes<TLanes>
    {
        TLanes total = default;
        ref var first = ref Unsafe.Add(ref MemoryMarshal.GetReference(rows), column);
        foreach (var id in ids)
            total = total.AddScaled(ref Unsafe.Add(ref first, (nint)id * dimension), scales[id]);
        total.Store(ref sum);
    }
}
