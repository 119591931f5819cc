using Rag.Load.Data;
using Rag.Load.Driving;
using Rag.Load.Scenarios;

namespace Rag.Load.Tests;

public sealed class ScheduleTests
{
    [Fact]
    public void Constant_arrivals_have_equal_gaps()
    {
        var due = All(new ArrivalSchedule(ArrivalKind.Constant, 50, 50, 2, new Random(1)));
        due.Count.ShouldBeInRange(99, 100);
        for (var i = 1; i < due.Count; i++)
            (due[i] - due[i - 1]).ShouldBe(0.02, 1e-9);
    }

    [Fact]
    public void Poisson_arrivals_have_the_rate_and_the_spread_of_such_a_process()
    {
        var due = All(new ArrivalSchedule(ArrivalKind.Poisson, 1000, 1000, 50, new Random(1)));
        due.Count.ShouldBeInRange(49_000, 51_000);
        var gaps = due.Zip(due.Skip(1), (one, next) => next - one).ToList();
        // The standard deviation of an exponential distribution is its mean.
        var mean = gaps.Average();
        Math.Sqrt(gaps.Average(gap => (gap - mean) * (gap - mean))).ShouldBe(mean, mean * 0.05);
    }

    [Theory]
    [InlineData(0, 1000)]
    [InlineData(100, 900)]
    [InlineData(900, 100)]
    public void A_ramp_goes_evenly_from_one_rate_to_the_other(double from, double to)
    {
        var schedule = new ArrivalSchedule(ArrivalKind.Constant, from, to, 10, new Random(1));
        var due = All(schedule);
        ((double)due.Count).ShouldBe(schedule.Expected, schedule.Expected * 0.03);
        // Half of the way lies the mean of the rates, over the first half as much as belongs there.
        ((double)due.Count(at => at < 5)).ShouldBe(5 * (3 * from + to) / 4, 60);
    }

    [Fact]
    public void Popular_workspaces_are_chosen_as_often_as_the_law_says()
    {
        var picker = new WorkspacePicker(100, 1000, 1.0, seed: 3);
        var random = new Random(5);
        var counts = new Dictionary<int, int>();
        const int Draws = 200_000;
        for (var i = 0; i < Draws; i++)
        {
            var picked = picker.Pick(random);
            picked.ShouldBeInRange(100, 1099);
            counts[picked] = counts.GetValueOrDefault(picked) + 1;
        }

        var byRank = counts.Values.OrderDescending().ToList();
        var harmonic = Enumerable.Range(1, 1000).Sum(rank => 1.0 / rank);
        (byRank[0] / (double)Draws).ShouldBe(1 / harmonic, 0.01);
        (byRank[9] / (double)Draws).ShouldBe(1 / harmonic / 10, 0.003);
    }

    [Fact]
    public void Data_depends_on_the_seed_alone()
    {
        var corpus = new Corpus(new DataSpec { Chunks = 100, Dimension = 33 }, seed: 7);
        var (one, again, other) = (new float[33], new float[33], new float[33]);
        corpus.ChunkVector(3, 42, 0, one);
        new Corpus(new DataSpec { Chunks = 100, Dimension = 33 }, seed: 7).ChunkVector(3, 42, 0, again);
        corpus.ChunkVector(3, 42, 1, other);
        again.ShouldBe(one);
        other.ShouldNotBe(one);
        one.Sum(value => value * value).ShouldBe(1, 1e-4f);
        corpus.QueryVector(3, 5, other);
        other.Sum(value => value * value).ShouldBe(1, 1e-4f);
    }

    private static List<double> All(ArrivalSchedule schedule)
    {
        var due = new List<double>();
        while (schedule.Next() is { } at)
            due.Add(at);
        return due;
    }
}
