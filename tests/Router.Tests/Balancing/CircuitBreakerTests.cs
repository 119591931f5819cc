using Rag.Router.Balancing;
using Rag.Router.Tests.Fakes;

namespace Rag.Router.Tests.Balancing;

public sealed class CircuitBreakerTests
{
    private static readonly TimeSpan OpenFor = TimeSpan.FromSeconds(1);

    private readonly ManualClock _clock = new();
    private readonly CircuitBreaker _breaker;

    public CircuitBreakerTests() => _breaker = new CircuitBreaker(3, OpenFor, _clock);

    [Fact]
    public void It_opens_after_failures_in_a_row_and_not_before()
    {
        Fail(2);
        _breaker.TryEnter().ShouldBeTrue();
        _breaker.Succeeded();
        Fail(2);
        _breaker.State.ShouldBe(BreakerState.Closed);
        Fail(1);
        _breaker.State.ShouldBe(BreakerState.Open);
        _breaker.MayEnter.ShouldBeFalse();
        _breaker.TryEnter().ShouldBeFalse();
    }

    [Fact]
    public void When_its_time_is_over_one_call_goes_through_and_its_success_closes_it()
    {
        Fail(3);
        _clock.Advance(OpenFor);
        _breaker.MayEnter.ShouldBeTrue();
        _breaker.TryEnter().ShouldBeTrue();
        _breaker.State.ShouldBe(BreakerState.HalfOpen);
        _breaker.TryEnter().ShouldBeFalse();
        _breaker.MayEnter.ShouldBeFalse();
        _breaker.Succeeded();
        _breaker.TryEnter().ShouldBeTrue();
        Fail(2);
        _breaker.State.ShouldBe(BreakerState.Closed);
    }

    [Fact]
    public void Each_vain_try_doubles_its_time_up_to_ten_times_as_long()
    {
        Fail(3);
        foreach (var seconds in (int[])[1, 2, 4, 8, 10, 10, 10])
        {
            _clock.Advance(TimeSpan.FromSeconds(seconds) - TimeSpan.FromTicks(1));
            _breaker.TryEnter().ShouldBeFalse();
            _clock.Advance(TimeSpan.FromTicks(1));
            _breaker.TryEnter().ShouldBeTrue();
            Fail(1);
        }

        // A success forgets all of that.
        _clock.Advance(TimeSpan.FromSeconds(10));
        _breaker.TryEnter().ShouldBeTrue();
        _breaker.Succeeded();
        Fail(3);
        _clock.Advance(OpenFor);
        _breaker.TryEnter().ShouldBeTrue();
    }

    [Fact]
    public void Late_failures_of_calls_that_were_under_way_do_not_prolong_it()
    {
        Fail(3);
        _clock.Advance(OpenFor / 2);
        Fail(10);
        _clock.Advance(OpenFor / 2);
        _breaker.TryEnter().ShouldBeTrue();
    }

    [Fact]
    public void A_try_that_says_nothing_lets_the_next_one_try()
    {
        Fail(3);
        _clock.Advance(OpenFor);
        _breaker.TryEnter().ShouldBeTrue();
        _breaker.Abandoned();
        _breaker.TryEnter().ShouldBeTrue();
    }

    private void Fail(int times)
    {
        for (var i = 0; i < times; i++)
            _breaker.Failed();
    }
}
