using System.Buffers;

namespace Rag.Engine.Slices;

/// <summary>New vectors of one space that wait to be put into its index together, in pooled memory. Writer
/// only.</summary>
internal sealed class GatheredVectors(VectorSpace space) : IDisposable
{
    private readonly List<int> _rows = [];
    private float[] _values = [];
    private int _count;

    public VectorSpace Space => space;

    public void Add(int row, ReadOnlySpan<float> values)
    {
        if (_values.Length - _count < values.Length)
            Grow(values.Length);
        values.CopyTo(_values.AsSpan(_count));
        _count += values.Length;
        _rows.Add(row);
    }

    public void Flush(int threads)
    {
        if (_rows.Count == 0)
            return;
        space.Index.AddRange(
            System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_rows), _values.AsSpan(0, _count), threads);
        _rows.Clear();
        _count = 0;
    }

    public void Dispose()
    {
        if (_values.Length > 0)
            ArrayPool<float>.Shared.Return(_values);
        _values = [];
        _count = 0;
    }

    private void Grow(int count)
    {
        var larger = ArrayPool<float>.Shared.Rent(Math.Max(_count + count, _values.Length * 2));
        _values.AsSpan(0, _count).CopyTo(larger);
        Dispose(_values);
        _values = larger;
    }

    private static void Dispose(float[] values)
    {
        if (values.Length > 0)
            ArrayPool<float>.Shared.Return(values);
    }
}
