namespace Rag.Engine.Hnsw;

/// <summary>
/// Scratch for every index of the process, at most two a core are kept. Thread-safe, lock-free. A thread looks first where
/// its core looked last, and slots lie on cache lines of their own, so that cores do not wait for each other.
/// </summary>
internal static class ScratchPool
{
    private const int Stride = 16; // references in two cache lines, which the processor fetches together

    private static readonly int Slots = 2 * Environment.ProcessorCount;
    private static readonly SearchScratch?[] Kept = new SearchScratch?[(Slots + 1) * Stride];

    public static SearchScratch Rent()
    {
        var first = Thread.GetCurrentProcessorId();
        for (var i = 0; i < Slots; i++)
        {
            ref var slot = ref Slot(first + i);
            if (slot is not null && Interlocked.Exchange(ref slot, null) is { } scratch)
                return scratch;
        }

        return new SearchScratch();
    }

    public static void Return(SearchScratch scratch)
    {
        scratch.Release();
        var first = Thread.GetCurrentProcessorId();
        for (var i = 0; i < Slots; i++)
        {
            ref var slot = ref Slot(first + i);
            if (slot is null && Interlocked.CompareExchange(ref slot, scratch, null) is null)
                return;
        }

        scratch.Dispose();
    }

    private static ref SearchScratch? Slot(int number) => ref Kept[((uint)number % (uint)Slots + 1) * Stride];
}
