using Rag.Engine.Filters;
using Rag.Engine.Mutations;

namespace Rag.Engine.Tests.Filters;

public sealed class FilterCacheTests
{
    private const int MaxRows = 6_000;

    [Fact]
    public void A_cached_filter_accepts_what_a_fresh_one_does_while_rows_come_go_and_come_again()
    {
        var random = new Random(21);
        var columns = new MetadataColumns();
        var source = new FilterSource(columns, FilterModel.NoTexts);
        var cache = new FilterCache();
        var rows = new List<Dictionary<string, MetadataValue>>();
        for (var row = 0; row < 5_000; row++)
            Set(row);
        var filters = Enumerable.Range(0, 12).Select(_ => FilterModel.RandomFilter(random)).ToList();
        for (var round = 0; round < 400; round++)
        {
            if (rows.Count < MaxRows)
                Set(rows.Count);
            if (round % 7 == 0)
            {
                // A row's number is used again.
                var row = random.Next(rows.Count);
                columns.Erase(row);
                Set(row);
            }

            var filter = filters[random.Next(random.Next(1, filters.Count + 1))];
            using var accepted = cache.Get(filter, source, rows.Count);
            for (var i = random.Next(50); i < rows.Count; i += 50)
                accepted.Contains(i).ShouldBe(FilterModel.Accepts(filter, rows[i]), $"row {i}, {filter}");
            var last = rows.Count - 1;
            accepted.Contains(last).ShouldBe(FilterModel.Accepts(filter, rows[last]), $"{filter}");
        }

        // Eight filters at most are kept, a bit a row.
        cache.MemoryBytes.ShouldBeInRange(1_000, 8 * (MaxRows / 8 + 2_000));

        void Set(int row)
        {
            var metadata = FilterModel.RandomMetadata(random);
            if (row == rows.Count)
                rows.Add(metadata);
            else
                rows[row] = metadata;
            using var writer = new PayloadWriter();
            MetadataCodec.Write(writer, metadata);
            columns.Set(row, metadata.Count == 0 ? default : writer.WrittenSpan);
        }
    }

    [Fact]
    public async Task A_row_is_never_missed_beside_a_writer()
    {
        var columns = new MetadataColumns();
        var source = new FilterSource(columns, FilterModel.NoTexts);
        var cache = new FilterCache();
        var filter = new FilterExpression.Equal("k", MetadataValue.Of(1L));
        using var writer = new PayloadWriter();
        MetadataCodec.Write(writer, new Dictionary<string, MetadataValue> { ["k"] = MetadataValue.Of(1L) });
        var encoded = writer.WrittenSpan.ToArray();
        const int Rows = 60_000;
        var published = 0;
        var writing = Task.Run(() =>
        {
            for (var row = 0; row < Rows; row++)
            {
                columns.Set(row, encoded);
                Volatile.Write(ref published, row + 1);
            }
        });
        while (Volatile.Read(ref published) is var seen)
        {
            using var accepted = cache.Get(filter, source, Rows);
            for (var row = Math.Max(0, seen - 300); row < seen; row++)
                accepted.Contains(row).ShouldBeTrue($"{row} of {seen}");
            if (seen > 0)
                accepted.Contains(seen / 2).ShouldBeTrue();
            if (seen == Rows)
                break;
        }

        await writing.WaitAsync(TimeSpan.FromSeconds(30));
    }
}
