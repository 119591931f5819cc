using Rag.Cli.Bench.Ann;

namespace Rag.Cli.Tests.Bench;

public class EffortSearchTests
{
    private const int K = 10;

    [Theory]
    [InlineData(10)]
    [InlineData(11)]
    [InlineData(33)]
    [InlineData(900)]
    public async Task The_effort_found_is_at_most_three_percent_above_the_smallest(int smallest)
    {
        var engine = new StepEngine(effort => effort >= smallest ? 1 : effort / (double)smallest * 0.9);
        var found = await Search(engine).ReachAsync(0.95, TestContext.Current.CancellationToken);

        found.Reached.ShouldBeTrue();
        found.Recall.ShouldBe(1);
        found.Effort.ShouldBeInRange(smallest, smallest + Math.Max(1, smallest / 16));
    }

    [Fact]
    public async Task What_gains_nothing_by_twice_the_effort_is_given_up()
    {
        var engine = new StepEngine(effort => effort < 40 ? 0.5 : 0.9);
        var found = await Search(engine).ReachAsync(0.95, TestContext.Current.CancellationToken);

        found.Reached.ShouldBeFalse();
        found.Recall.ShouldBe(0.9);
        found.Effort.ShouldBeLessThan(1000);
    }

    [Fact]
    public async Task A_recall_is_asked_for_once()
    {
        var engine = new StepEngine(effort => Math.Min(1, effort / 200.0));
        var search = Search(engine);
        foreach (var target in new[] { 0.9, 0.95, 0.9 })
            await search.ReachAsync(target, TestContext.Current.CancellationToken);

        engine.Asked.Count.ShouldBe(engine.Asked.Distinct().Count());
        search.Recalls.Keys.ShouldBe(engine.Asked, ignoreOrder: true);
    }

    [Fact]
    public async Task No_effort_above_the_number_of_rows_is_tried()
    {
        var engine = new StepEngine(_ => 0.5);
        await new EffortSearch(engine, Judge(), K, largest: 50, threads: 1).ReachAsync(0.95, TestContext.Current.CancellationToken);
        engine.Asked.Max().ShouldBe(50);
    }

    [Fact]
    public void A_row_that_is_named_twice_counts_once()
    {
        var judge = new AnnRecall([[1, 2], [3, 4]], 2);
        judge.Of([1, 1, 3, -1]).ShouldBe(0.5);
        judge.Of([2, 1, 4, 3]).ShouldBe(1);
        judge.Of([-1, -1, 1, 2]).ShouldBe(0);
    }

    private static EffortSearch Search(StepEngine engine) => new(engine, Judge(), K, largest: 100_000, threads: 1);

    private static AnnRecall Judge() => new([.. StepEngine.Truth], K);

    // 100 queries with ten neighbours each: recall in steps of a thousandth.
    private sealed class StepEngine(Func<int, double> recall) : IAnnEngine
    {
        public static IEnumerable<int[]> Truth => Enumerable.Range(0, 100).Select(_ => Enumerable.Range(0, K).ToArray());

        public List<int> Asked { get; } = [];

        public string Name => "step";

        public Task<double> BuildAsync(int threads, CancellationToken cancellationToken) => Task.FromResult(1.0);

        public Task<int[]> SearchAsync(int effort, int threads, CancellationToken cancellationToken)
        {
            Asked.Add(effort);
            var right = (int)Math.Round(recall(effort) * 1000);
            return Task.FromResult(Enumerable.Range(0, 1000).Select(i => i < right ? i % K : -1).ToArray());
        }

        public Task<AnnPass> TimeAsync(int effort, int threads, TimeSpan atLeast, CancellationToken cancellationToken) =>
            Task.FromResult(new AnnPass(100, 1));

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
