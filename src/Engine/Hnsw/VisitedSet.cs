using System.Runtime.CompilerServices;
using Rag.Engine.Indexing;

namespace Rag.Engine.Hnsw;

/// <summary>
/// Which rows a walk has met: a bit each, so that half a million rows fit a core's second cache. Cleared by the list of
/// what was set when that is the cheaper way. Not thread-safe; lives in a <see cref="SearchScratch"/>.
/// </summary>
internal sealed unsafe class VisitedSet : IDisposable
{
    private NativeBlock? _bits;
    private NativeBlock? _met;
    private int _metCount;
    private int _words;

    /// <summary>One bit a row.</summary>
    public ulong* Bits { get; private set; }

    /// <summary>Empties the set and makes room for rows below <paramref name="limit"/>.</summary>
    public void Reset(int limit)
    {
        Clear();
        _words = (limit + 63) >> 6;
        if (_bits is not null && _bits.Bytes >= _words * sizeof(ulong))
            return;
        _bits?.Dispose();
        _bits = new NativeBlock(Math.Max(64, (long)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)_words)) * sizeof(ulong));
        Bits = (ulong*)_bits.Address;
        _met ??= new NativeBlock(MaxMet * sizeof(int));
    }

    private const int MaxMet = 4096;

    /// <summary>
    /// Adds the rows of an edge list, which ends at −1 or after <paramref name="max"/>, and puts those that were not in
    /// the set into <paramref name="fresh"/>. Rows from <paramref name="limit"/> on are newer than this search.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int AddNew(int* edges, int max, int limit, int* fresh)
    {
        var count = 0;
        var bits = Bits;
        for (var i = 0; i < max; i++)
        {
            var row = edges[i];
            if ((uint)row >= (uint)limit)
            {
                if (row < 0)
                    break;
                continue;
            }

            ref var word = ref bits[row >> 6];
            var isNew = ~(word >> row) & 1;
            word |= 1UL << row;
            fresh[count] = row;
            count += (int)isNew;
        }

        Note(fresh, count);
        return count;
    }

    public bool Has(int row) => (Bits[row >> 6] >> row & 1) != 0;

    public bool Add(int row)
    {
        ref var word = ref Bits[row >> 6];
        if ((word >> row & 1) != 0)
            return false;
        word |= 1UL << row;
        if (_metCount < MaxMet)
            ((int*)_met!.Address)[_metCount] = row;
        _metCount++;
        return true;
    }

    public void Dispose()
    {
        _bits?.Dispose();
        _met?.Dispose();
    }

    private void Note(int* rows, int count)
    {
        if (_metCount + count <= MaxMet)
            Unsafe.CopyBlockUnaligned((int*)_met!.Address + _metCount, rows, (uint)count * sizeof(int));
        _metCount += count;
    }

    private void Clear()
    {
        if (_bits is null || _metCount == 0)
            return;
        if (_metCount <= MaxMet && _metCount < _words)
        {
            var met = (int*)_met!.Address;
            for (var i = 0; i < _metCount; i++)
                Bits[met[i] >> 6] = 0;
        }
        else
        {
            new Span<ulong>(Bits, _words).Clear();
        }

        _metCount = 0;
    }
}
