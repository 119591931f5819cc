using Rag.Internal.V1;
using Rag.Router.Balancing;

namespace Rag.Router.Tests.Balancing;

public sealed class BudgetAndLatencyTests
{
    [Fact]
    public void Extra_requests_are_a_share_of_all_and_a_burst()
    {
        var budget = new TokenBudget(0.05, 10);
        var extra = 0;
        for (var i = 0; i < 10_000; i++)
        {
            budget.Deposit();
            extra += budget.TryTake() ? 1 : 0;
        }

        extra.ShouldBeInRange(500, 510);
    }

    [Fact]
    public void Quiet_times_fill_the_budget_only_to_the_burst()
    {
        var budget = new TokenBudget(0.5, 4);
        for (var i = 0; i < 1000; i++)
            budget.Deposit();
        Enumerable.Range(0, 10).Count(_ => budget.TryTake()).ShouldBe(4);
    }

    [Fact]
    public void A_share_of_nothing_allows_nothing()
    {
        var budget = new TokenBudget(0, 10);
        budget.Deposit();
        budget.TryTake().ShouldBeFalse();
    }

    [Fact]
    public void Waits_double_with_jitter_up_to_a_limit()
    {
        var first = TimeSpan.FromMilliseconds(10);
        for (var attempts = 0; attempts < 40; attempts++)
        {
            var most = first * Math.Min(64, Math.Pow(2, Math.Max(0, attempts - 1)));
            BackOff.Delay(first, attempts).ShouldBeInRange(most / 2, most);
        }
    }

    [Fact]
    public void The_percentile_is_known_after_enough_samples_and_close_to_the_true_one()
    {
        var window = new LatencyWindow();
        for (var i = 1; i < LatencyWindow.MinSamples; i++)
            window.Record(TimeSpan.FromMilliseconds(i));
        window.Percentile95.ShouldBeNull();
        var random = new Random(7);
        var samples = Enumerable.Range(0, 1900).Select(_ => 1 + 100 * random.NextDouble()).ToList();
        foreach (var sample in samples)
            window.Record(TimeSpan.FromMilliseconds(sample));
        var truth = samples.Order().ElementAt(1805);
        window.Percentile95!.Value.TotalMilliseconds.ShouldBeInRange(truth * 0.95, truth * 1.2);
    }

    [Fact]
    public void What_is_long_ago_is_forgotten()
    {
        var window = new LatencyWindow();
        for (var i = 0; i < 2000; i++)
            window.Record(TimeSpan.FromSeconds(3));
        window.Percentile95!.Value.ShouldBeInRange(TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(3.5));
        for (var i = 0; i < 4100; i++)
            window.Record(TimeSpan.FromMicroseconds(900));
        window.Percentile95!.Value.ShouldBeInRange(TimeSpan.FromMicroseconds(900), TimeSpan.FromMicroseconds(1030));
        foreach (var odd in (TimeSpan[])[TimeSpan.Zero, TimeSpan.FromTicks(1), TimeSpan.FromDays(9), -TimeSpan.FromDays(1)])
            window.Record(odd);
    }

    [Fact]
    public void Positions_only_rise_and_an_epoch_goes_before_any_sequence()
    {
        var positions = new AppliedPositions();
        positions.HasReached([], [1]).ShouldBeTrue();
        positions.HasReached([At(1, 1, 5)], [1]).ShouldBeFalse();
        positions.HasReached([At(1, 1, 5)], [2]).ShouldBeTrue();
        positions.Note([At(1, 1, 7), At(2, 1, 1)]);
        positions.Note([At(1, 1, 3)]);
        positions.HasReached([At(1, 1, 7)], [1, 2]).ShouldBeTrue();
        positions.HasReached([At(1, 1, 8)], [1, 2]).ShouldBeFalse();
        positions.HasReached([At(1, 2, 1)], [1, 2]).ShouldBeFalse();
        positions.Note([At(1, 2, 1)]);
        positions.HasReached([At(1, 1, 99), At(2, 1, 1)], [1, 2]).ShouldBeTrue();
    }

    private static Stamp At(int partition, uint epoch, ulong sequence) =>
        new() { Partition = partition, Epoch = epoch, Sequence = sequence };
}
