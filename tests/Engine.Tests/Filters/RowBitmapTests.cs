using Rag.Engine.Filters;

namespace Rag.Engine.Tests.Filters;

public sealed class RowBitmapTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(64)]
    [InlineData(1000)]
    public void Next_goes_from_each_row_to_the_following_one_and_then_past_every_row(int limit)
    {
        var random = new Random(limit);
        foreach (var share in new[] { 0, 0.01, 0.3, 1 })
        {
            using var bitmap = RowBitmap.Rent(limit);
            var expected = Enumerable.Range(0, limit).Where(_ => random.NextDouble() < share).ToList();
            expected.ForEach(row => bitmap.Add(row));
            var found = new List<int>();
            for (var row = bitmap.Next(0); row < limit; row = bitmap.Next(row + 1))
                found.Add(row);
            found.ShouldBe(expected);
            bitmap.Next(limit).ShouldBe(int.MaxValue);
            bitmap.Next(limit + 70).ShouldBe(int.MaxValue);
        }
    }
}
