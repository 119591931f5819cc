using System.Runtime.InteropServices;
using Rag.Engine.Indexing;
using Rag.Engine.Rows;
using Rag.Engine.Storage;

namespace Rag.Engine.Slices;

/// <summary>Full-precision rows in a mapped section of a snapshot. Thread-safe.</summary>
internal sealed unsafe class MappedRows(MappedSection section, int dimension) : IMappedRows, IMappedMemory
{
    private readonly int _rowBytes = dimension * sizeof(float);

    public byte* Address => section.Pointer;

    public long MappedBytes => section.Length;

    public ReadOnlySpan<float> Row(int row) =>
        MemoryMarshal.Cast<byte, float>(section.Slice((long)row * _rowBytes, _rowBytes));

    // A hint: nothing is read, so nothing has to be verified.
    public void Prefetch(int row)
    {
        var offset = (long)row * _rowBytes;
        if (offset + _rowBytes <= section.Length)
            Kernels.Prefetch.Lines(ref *(float*)(section.Pointer + offset), _rowBytes);
    }

    public void ReleasePages() => section.ReleasePages();

    /// <summary>Lets go of many bytes without holding up the process.</summary>
    public void DisposeSlowly() => section.Dispose(new WorkPace());

    public void Dispose() => section.Dispose();
}
