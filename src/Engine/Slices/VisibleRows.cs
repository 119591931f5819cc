using System.Runtime.CompilerServices;
using Rag.Engine.Filters;
using Rag.Engine.Indexing;

namespace Rag.Engine.Slices;

/// <summary>Accepts the rows that are visible at an apply number.</summary>
internal readonly struct VisibleRows(ulong[] stamps, uint at) : IRowFilter
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Accepts(int row) => (uint)row < (uint)stamps.Length && RowStamps.IsVisible(stamps[row], at);

    public int Next(int row) => row;

    public ReadOnlySpan<ulong> Bits => default;
}

/// <summary>Accepts the rows that are visible at an apply number and in a bitmap.</summary>
internal readonly struct VisibleRowsIn(ulong[] stamps, uint at, RowBitmap rows) : IRowFilter
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Accepts(int row) =>
        rows.Contains(row) && (uint)row < (uint)stamps.Length && RowStamps.IsVisible(stamps[row], at);

    public int Next(int row) => rows.Next(row);

    public ReadOnlySpan<ulong> Bits => rows.Words;
}

/// <summary>Accepts those rows of another filter that are in a bitmap.</summary>
internal readonly struct RowsIn<TFilter>(TFilter inner, RowBitmap rows) : IRowFilter
    where TFilter : struct, IRowFilter
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Accepts(int row) => rows.Contains(row) && inner.Accepts(row);

    public int Next(int row) => rows.Next(row);

    public ReadOnlySpan<ulong> Bits => rows.Words;
}
