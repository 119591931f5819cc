using System.Runtime.InteropServices;

namespace Rag.Engine.Indexing;

/// <summary>
/// Filled memory outside the garbage-collected heap, aligned to cache lines; large blocks to huge pages, which random
/// reads of codes gain most from (PEERS: 50 against 26 M int8 rows/s). Whoever reads from it keeps this object alive;
/// the finalizer frees what nobody disposed.
/// </summary>
internal sealed unsafe partial class NativeBlock : IDisposable
{
    private const int HugePageBytes = 2 << 20;

    // Small ones come and go by the thousand as slices wake and sleep, and are freed by their owners: to tell the
    // collector of each made it go through the whole heap several times a second.
    private const int PressureBytes = 1 << 20;
    private const int AdviseHugePages = 14; // MADV_HUGEPAGE

    private byte* _address;

    public NativeBlock(long bytes, byte fill = 0)
    {
        Bytes = bytes;
        var huge = bytes >= HugePageBytes;
        _address = (byte*)NativeMemory.AlignedAlloc((nuint)bytes, (nuint)(huge ? HugePageBytes : Kernels.Prefetch.LineBytes));
        if (huge && OperatingSystem.IsLinux())
            _ = Advise((nint)_address, (nuint)bytes, AdviseHugePages); // a hint: without it everything works, slower
        NativeMemory.Fill(_address, (nuint)bytes, fill);
        if (bytes >= PressureBytes)
            GC.AddMemoryPressure(bytes);
    }

    ~NativeBlock() => Free();

    public byte* Address => _address;

    public long Bytes { get; }

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void Free()
    {
        var address = (nint)_address;
        if (address == 0)
            return;
        _address = null;
        NativeMemory.AlignedFree((void*)address);
        if (Bytes >= PressureBytes)
            GC.RemoveMemoryPressure(Bytes);
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(nint address, nuint length, int advice);
}
