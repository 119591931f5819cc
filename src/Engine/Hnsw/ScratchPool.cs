namespace Rag.Engine.Hnsw;

/// <summary>Scratch for every index of the process, at most two a core are kept. Thread-safe, lock-free.</summary>
internal static class ScratchPool
{
    private static readonly SearchScratch?[] Kept = new SearchScratch?[2 * Environment.ProcessorCount];

    public static SearchScratch Rent()
    {
        for (var i = 0; i < Kept.Length; i++)
        {
            if (Kept[i] is not null && Interlocked.Exchange(ref Kept[i], null) is { } scratch)
                return scratch;
        }

        return new SearchScratch();
    }

    public static void Return(SearchScratch scratch)
    {
        scratch.Release();
        for (var i = 0; i < Kept.Length; i++)
        {
            if (Kept[i] is null && Interlocked.CompareExchange(ref Kept[i], scratch, null) is null)
                return;
        }

        scratch.Dispose();
    }
}
