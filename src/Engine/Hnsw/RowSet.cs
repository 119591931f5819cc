using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Rag.Engine.Hnsw;

/// <summary>
/// The rows that a filter may accept, a bit each, where a search reads them: pinned by whoever made it. A walk behind a
/// filter asks about ten times as many rows as it compares, so a list of edges is asked about at once.
/// </summary>
internal readonly unsafe struct RowSet(ulong* words, int limit)
{
    private readonly ulong* _words = words;

    /// <summary>Rows from here on are not in the set.</summary>
    public int Limit { get; } = limit;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Has(int row) => (uint)row < (uint)Limit && (_words[row >> 6] >> row & 1) != 0;

    /// <summary>The first row of the set from <paramref name="row"/> on; int.MaxValue if there is none.</summary>
    public int Next(int row)
    {
        if (row >= Limit)
            return int.MaxValue;
        var index = row >> 6;
        var word = _words[index] & ulong.MaxValue << row;
        for (var last = (Limit - 1) >> 6; word == 0; word = _words[index])
        {
            if (++index > last)
                return int.MaxValue;
        }

        return (index << 6) + BitOperations.TrailingZeroCount(word);
    }

    /// <summary>
    /// Splits a list of edges, which ends at −1 or after <paramref name="max"/>, into rows that are in the set and rows
    /// that are not. Rows from <paramref name="limit"/> on are newer than the search. Up to 16 more entries of either
    /// output are overwritten.
    /// </summary>
    /// <returns>How many are in the set.</returns>
    public int Split(int* edges, int max, int limit, int* inside, int* outside, out int outsideCount)
    {
        var (count, others, i) = (0, 0, 0);
        if (Avx512F.IsSupported)
        {
            var (all, known) = (Vector512.Create((uint)limit), Vector512.Create((uint)Math.Min(limit, Limit)));
            for (; i <= max - 16; i += 16)
            {
                var rows = Vector512.Load(edges + i);
                var hits = Hits(rows, known);
                var rest = Vector512.AndNot(Vector512.LessThan(rows.AsUInt32(), all).AsInt32(), hits);
                Avx512F.Compress(Vector512<int>.Zero, hits, rows).Store(inside + count);
                Avx512F.Compress(Vector512<int>.Zero, rest, rows).Store(outside + others);
                count += BitOperations.PopCount(hits.ExtractMostSignificantBits());
                others += BitOperations.PopCount(rest.ExtractMostSignificantBits());
                if (edges[i + 15] < 0)
                    max = 0;
            }
        }

        for (; i < max && edges[i] is >= 0 and var row; i++)
        {
            if (row >= limit)
                continue;
            // No branches: what a filter accepts cannot be foreseen.
            var isInside = row < Limit ? (int)(_words[row >> 6] >> row) & 1 : 0;
            inside[count] = row;
            count += isInside;
            outside[others] = row;
            others += 1 - isInside;
        }

        outsideCount = others;
        return count;
    }

    /// <summary>As <see cref="Split"/>, without the others.</summary>
    public int Select(int* edges, int max, int limit, int* inside)
    {
        var (count, i) = (0, 0);
        limit = Math.Min(limit, Limit);
        if (Avx512F.IsSupported)
        {
            var known = Vector512.Create((uint)limit);
            for (; i <= max - 16; i += 16)
            {
                var rows = Vector512.Load(edges + i);
                var hits = Hits(rows, known);
                Avx512F.Compress(Vector512<int>.Zero, hits, rows).Store(inside + count);
                count += BitOperations.PopCount(hits.ExtractMostSignificantBits());
                if (edges[i + 15] < 0)
                    max = 0;
            }
        }

        for (; i < max && edges[i] is >= 0 and var row; i++)
        {
            if (row >= limit)
                continue;
            inside[count] = row;
            count += (int)(_words[row >> 6] >> row) & 1;
        }

        return count;
    }

    /// <summary>Goes through the set.</summary>
    public Cursor Begin() => new(_words, (Limit + 63) >> 6);

    /// <summary>All bits of each row that is in the set; <paramref name="known"/> guards the words.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Vector512<int> Hits(Vector512<int> rows, Vector512<uint> known)
    {
        var valid = Vector512.LessThan(rows.AsUInt32(), known).AsInt32();
        var places = rows >>> 5 & valid;
        var words = Vector512.Create(
            Avx2.GatherVector256((int*)_words, places.GetLower(), sizeof(int)),
            Avx2.GatherVector256((int*)_words, places.GetUpper(), sizeof(int)));
        // The row's bit becomes the sign.
        var bits = Avx512F.ShiftLeftLogicalVariable(words, (~rows & Vector512.Create(31)).AsUInt32());
        return (bits >> 31) & valid;
    }

    /// <summary>A place in the set, before its first row at the beginning.</summary>
    internal struct Cursor(ulong* words, int count)
    {
        private readonly ulong* _words = words;
        private readonly int _count = count;
        private int _index = -1;
        private ulong _word;

        /// <summary>The row it stands at.</summary>
        public int Row { get; private set; }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public bool MoveNext()
        {
            while (_word == 0)
            {
                if (_index + 1 >= _count)
                    return false;
                _word = _words[++_index];
            }

            Row = (_index << 6) + BitOperations.TrailingZeroCount(_word);
            _word &= _word - 1;
            return true;
        }
    }
}
