using Rag.Engine.Filters;
using Rag.Engine.Mutations;

namespace Rag.Engine.Tests.Filters;

public sealed class FilterEvaluatorTests
{
    [Fact]
    public void Random_filters_accept_exactly_what_value_by_value_evaluation_accepts()
    {
        var random = new Random(7);
        var columns = new MetadataColumns();
        var rows = new Dictionary<string, MetadataValue>[300];
        for (var row = 0; row < rows.Length; row++)
            Set(columns, row, rows[row] = FilterModel.RandomMetadata(random));
        for (var round = 0; round < 600; round++)
        {
            // Rows are erased and used again all the time.
            var row = random.Next(rows.Length);
            columns.Erase(row);
            rows[row] = FilterModel.RandomMetadata(random);
            if (round % 3 == 0)
                columns.Copy(CopyFrom(columns, rows, row, random), row);
            else
                Set(columns, row, rows[row]);

            var filter = FilterModel.RandomFilter(random);
            FilterValidator.FindError(filter).ShouldBeNull();
            using var accepted = FilterEvaluator.Evaluate(filter, new FilterSource(columns, FilterModel.NoTexts), rows.Length);
            for (var i = 0; i < rows.Length; i++)
                accepted.Contains(i).ShouldBe(FilterModel.Accepts(filter, rows[i]), $"row {i}, {filter}");
            accepted.Count.ShouldBe(rows.Count(metadata => FilterModel.Accepts(filter, metadata)));
        }
    }

    [Fact]
    public void A_filter_survives_its_binary_form()
    {
        var random = new Random(8);
        for (var round = 0; round < 300; round++)
        {
            var filter = FilterModel.RandomFilter(random);
            using var writer = new PayloadWriter();
            FilterCodec.Write(writer, filter);
            var reader = new PayloadReader(writer.WrittenSpan);
            var again = FilterCodec.Read(ref reader);
            reader.ExpectEnd();
            using var rewritten = new PayloadWriter();
            FilterCodec.Write(rewritten, again);
            rewritten.WrittenSpan.SequenceEqual(writer.WrittenSpan).ShouldBeTrue();
        }
    }

    [Fact]
    public void A_key_may_have_several_types_and_a_condition_sees_only_its_own()
    {
        var columns = new MetadataColumns();
        Set(columns, 0, new() { ["k"] = MetadataValue.Of("1") });
        Set(columns, 1, new() { ["k"] = MetadataValue.Of(1L) });
        Set(columns, 2, new() { ["k"] = MetadataValue.Of(1.0) });
        Set(columns, 3, new() { ["k"] = MetadataValue.Of(true) });
        Accepted(new FilterExpression.Equal("k", MetadataValue.Of("1"))).ShouldBe([0]);
        Accepted(new FilterExpression.Equal("k", MetadataValue.Of(1L))).ShouldBe([1]);
        Accepted(new FilterExpression.Equal("k", MetadataValue.Of(1.0))).ShouldBe([2]);
        Accepted(new FilterExpression.Equal("k", MetadataValue.Of(true))).ShouldBe([3]);
        Accepted(new FilterExpression.Exists("k")).ShouldBe([0, 1, 2, 3]);
        Accepted(new FilterExpression.Not(new FilterExpression.Exists("k"))).ShouldBe([4]);

        IEnumerable<int> Accepted(FilterExpression filter)
        {
            using var rows = FilterEvaluator.Evaluate(filter, new FilterSource(columns, FilterModel.NoTexts), 5);
            return Enumerable.Range(0, 5).Where(row => rows.Contains(row)).ToList();
        }
    }

    [Theory]
    [MemberData(nameof(BadFilters))]
    public void A_malformed_filter_is_refused_with_a_sentence(FilterExpression filter) =>
        FilterValidator.FindError(filter)!.Length.ShouldBeGreaterThan(20);

    public static TheoryData<FilterExpression> BadFilters()
    {
        FilterExpression deep = new FilterExpression.Exists("k");
        for (var i = 0; i < 20; i++)
            deep = new FilterExpression.Not(deep);
        return new TheoryData<FilterExpression>(
            deep,
            new FilterExpression.And([.. Enumerable.Range(0, 300).Select(_ => new FilterExpression.Exists("k"))]),
            new FilterExpression.In("k", MetadataValue.List(Enumerable.Range(0, 5000).Select(i => (long)i))),
            new FilterExpression.Equal("", MetadataValue.Of(1L)),
            new FilterExpression.Equal(new string('k', 129), MetadataValue.Of(1L)),
            new FilterExpression.Equal("k", MetadataValue.List([1L])),
            new FilterExpression.Equal("k", MetadataValue.Of(double.NaN)),
            new FilterExpression.Equal("k", default),
            new FilterExpression.Range("k", null, true, null, true),
            new FilterExpression.Range("k", MetadataValue.Of(1L), true, MetadataValue.Of(2.0), true),
            new FilterExpression.Range("k", MetadataValue.Of(true), true, null, true),
            new FilterExpression.ContainsAll("k", MetadataValue.List(Array.Empty<string>())),
            new FilterExpression.ContainsAll("k", MetadataValue.List(Enumerable.Range(0, 5000).Select(i => (long)i))),
            new FilterExpression.Match("k", " ", true),
            new FilterExpression.Match("k", new string('w', 5000), true),
            new FilterExpression.Match(new string('k', 129), "w", true),
            new FilterExpression.GeoRadius("", new GeoPoint(0, 0), 1),
            new FilterExpression.GeoRadius("k", new GeoPoint(91, 0), 1),
            new FilterExpression.GeoRadius("k", new GeoPoint(0, double.NaN), 1),
            new FilterExpression.GeoRadius("k", new GeoPoint(0, 0), 0),
            new FilterExpression.GeoRadius("k", new GeoPoint(0, 0), 3e7),
            new FilterExpression.GeoBox("k", 2, 0, 1, 0),
            new FilterExpression.GeoBox("k", 0, 0, 1, 181),
            new FilterExpression.Equal("k", MetadataValue.Of(new GeoPoint(0, 200))),
            new FilterExpression.Range("k", MetadataValue.Of(new GeoPoint(0, 0)), true, null, true),
            new FilterExpression.Not(null!));
    }

    private static int CopyFrom(MetadataColumns columns, Dictionary<string, MetadataValue>[] rows, int row,
        Random random)
    {
        var from = (row + 1 + random.Next(rows.Length - 1)) % rows.Length;
        rows[row] = rows[from];
        return from;
    }

    private static void Set(MetadataColumns columns, int row, Dictionary<string, MetadataValue> metadata)
    {
        using var writer = new PayloadWriter();
        MetadataCodec.Write(writer, metadata);
        MetadataCodec.Measure(metadata).ShouldBeGreaterThanOrEqualTo(writer.Length);
        columns.Set(row, metadata.Count == 0 ? default : writer.WrittenSpan);
    }
}
