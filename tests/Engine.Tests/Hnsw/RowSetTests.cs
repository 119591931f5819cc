using Rag.Engine.Hnsw;

namespace Rag.Engine.Tests.Hnsw;

/// <summary>Lists of edges are split by a set as a plain loop would split them.</summary>
public sealed unsafe class RowSetTests
{
    private const int Room = 16;

    [Theory]
    [InlineData(32, 32, 1000, 1000)]
    [InlineData(32, 16, 1000, 1000)]
    [InlineData(32, 15, 1000, 1000)]
    [InlineData(32, 0, 1000, 1000)]
    [InlineData(24, 24, 1000, 1000)]
    [InlineData(7, 5, 1000, 1000)]
    [InlineData(128, 101, 1000, 1000)]
    [InlineData(32, 32, 300, 1000)] // rows that came after the search began
    [InlineData(32, 32, 1000, 320)] // rows that came after the set was made
    [InlineData(128, 128, 500, 640)]
    public void A_list_is_split_into_what_is_in_the_set_and_what_is_not(int max, int length, int limit, int setLimit)
    {
        var random = new Random(max * 31 + length);
        var words = new ulong[(setLimit + 63) / 64];
        random.NextBytes(System.Runtime.InteropServices.MemoryMarshal.AsBytes(words.AsSpan()));
        for (var round = 0; round < 50; round++)
        {
            var edges = Enumerable.Range(0, max).Select(i => i < length ? random.Next(1000) : -1).ToArray();
            bool IsIn(int row) => row < setLimit && (words[row >> 6] >> row & 1) != 0;
            var known = edges.Where(row => row >= 0 && row < limit).ToArray();
            var (inside, outside, selected) = (new int[max + Room], new int[max + Room], new int[max + Room]);
            fixed (ulong* bits = words)
            fixed (int* list = edges, first = inside, second = outside, third = selected)
            {
                var set = new RowSet(bits, setLimit);
                var count = set.Split(list, max, limit, first, second, out var others);
                inside[..count].ShouldBe(known.Where(IsIn));
                outside[..others].ShouldBe(known.Where(row => !IsIn(row)));
                selected[..set.Select(list, max, limit, third)].ShouldBe(known.Where(IsIn));
            }
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(64)]
    [InlineData(640)]
    public void A_cursor_and_the_next_row_go_through_the_whole_set(int limit)
    {
        var words = new ulong[(limit + 63) / 64];
        for (var row = 0; row < limit; row += 1 + row % 97)
            words[row >> 6] |= 1UL << row;
        var expected = Enumerable.Range(0, limit).Where(row => (words[row >> 6] >> row & 1) != 0).ToArray();
        var (walked, next) = (new List<int>(), new List<int>());
        fixed (ulong* bits = words)
        {
            var set = new RowSet(bits, limit);
            for (var cursor = set.Begin(); cursor.MoveNext();)
                walked.Add(cursor.Row);
            for (var row = set.Next(0); row != int.MaxValue; row = set.Next(row + 1))
                next.Add(row);
            set.Has(limit).ShouldBeFalse();
        }

        walked.ShouldBe(expected);
        next.ShouldBe(expected);
    }
}
