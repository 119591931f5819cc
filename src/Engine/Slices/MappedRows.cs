using System.Runtime.InteropServices;
using Rag.Engine.Indexing;
using Rag.Engine.Rows;
using Rag.Engine.Storage;

namespace Rag.Engine.Slices;

/// <summary>Full-precision rows in a mapped section of a snapshot. Thread-safe.</summary>
internal sealed unsafe class MappedRows(MappedSection section, int dimension) : IMappedRows, IMappedMemory
{
    // The row that this thread has read last from a section that is not in the address space.
    [ThreadStatic]
    private static float[]? t_row;

    private readonly int _rowBytes = dimension * sizeof(float);

    public long MappedBytes => section.Length;

    public byte* WarmAddress => section.IsWarm ? section.Pointer : null;

    public ReadOnlySpan<float> Row(int row)
    {
        var offset = (long)row * _rowBytes;
        if (section.IsWarm)
            return MemoryMarshal.Cast<byte, float>(section.Slice(offset, _rowBytes));
        if (t_row is null || t_row.Length < dimension)
            t_row = new float[dimension];
        var copy = t_row.AsSpan(0, dimension);
        section.Read(offset, MemoryMarshal.AsBytes(copy));
        return copy;
    }

    // A hint: nothing is read, so nothing has to be verified.
    public void Prefetch(int row)
    {
        var offset = (long)row * _rowBytes;
        if (section.IsWarm && offset + _rowBytes <= section.Length)
            Kernels.Prefetch.Lines(ref *(float*)(section.Pointer + offset), _rowBytes);
    }

    public void Read(long offset, Span<byte> to) => section.Read(offset, to);

    public void Warm() => section.Warm();

    public void Cool() => section.Cool();

    /// <summary>Lets go of many bytes without holding up the process.</summary>
    public void DisposeSlowly() => section.Dispose(new WorkPace());

    public void Dispose() => section.Dispose();
}
