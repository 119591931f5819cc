using Rag.Hosting.Overload;

namespace Rag.Hosting.Tests.Overload;

public sealed class SearchDoorTests
{
    private static readonly DateTime NoDeadline = DateTime.MaxValue;
    private static readonly TimeSpan Millisecond = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    private readonly ManualThreads _threads = new();
    private readonly List<string> _served = [];

    [Fact]
    public void While_threads_are_to_be_had_everybody_comes_in_at_once()
    {
        _threads.AreBusy = false;
        using var door = Door();
        for (var i = 0; i < 1000; i++)
            Enter(door, "a").ShouldBe(DoorAnswer.Admitted);
        _threads.Queued.ShouldBe(0);
    }

    [Fact]
    public void A_door_that_is_off_lets_everybody_in()
    {
        using var door = Door(new OverloadOptions { Enabled = false });
        Enter(door, "a").ShouldBe(DoorAnswer.Admitted);
    }

    [Fact]
    public void Who_waits_is_served_by_no_more_runners_than_there_are_cores()
    {
        using var door = Door();
        for (var i = 0; i < 100; i++)
            Enter(door, "a").ShouldBeNull();
        door.Queued.ShouldBe(100);
        _threads.Queued.ShouldBe(Environment.ProcessorCount);
        Drain();
        _served.Count.ShouldBe(100);
        door.Queued.ShouldBe(0);
    }

    [Fact]
    public void A_quiet_workspace_does_not_wait_behind_a_flood_of_another()
    {
        using var door = Door();
        for (var i = 0; i < 500; i++)
            Enter(door, "flood");
        for (var i = 0; i < 20; i++)
            _threads.RunOne();
        Enter(door, "quiet");
        _threads.RunOne();
        _served[^1].ShouldBe("quiet");
    }

    [Fact]
    public void A_burst_is_served_whole()
    {
        using var door = Door();
        for (var i = 0; i < 1000; i++)
            Enter(door, "a").ShouldBeNull();
        _threads.Pass(50 * Millisecond);
        for (var i = 0; i < 200; i++)
            Enter(door, "a").ShouldBeNull();
    }

    [Fact]
    public void Once_a_queue_stands_no_more_wait_than_are_served_in_the_target_delay()
    {
        using var door = Door();
        // A search a millisecond is served, three come.
        var refused = 0;
        for (var ms = 0; ms < 2000; ms++)
        {
            for (var i = 0; i < 3; i++)
                refused += Enter(door, "a") == DoorAnswer.Overloaded ? 1 : 0;
            _threads.Pass(Millisecond);
            _threads.RunOne();
        }

        door.Queued.ShouldBeInRange(10, 30);
        refused.ShouldBeInRange(3700, 4000);
        // It is over: all is served, and the next ones wait for nobody.
        Drain();
        _threads.AreBusy = false;
        Enter(door, "a").ShouldBe(DoorAnswer.Admitted);
    }

    [Fact]
    public void The_noisy_workspace_is_refused_and_the_others_are_not()
    {
        using var door = Door();
        var (noisy, others) = (0, 0);
        for (var ms = 0; ms < 1000; ms++)
        {
            for (var i = 0; i < 5; i++)
                noisy += Enter(door, "noisy") == DoorAnswer.Overloaded ? 1 : 0;
            if (ms % 4 == 0)
                others += Enter(door, $"other-{ms / 4 % 50}") == DoorAnswer.Overloaded ? 1 : 0;
            _threads.Pass(Millisecond);
            _threads.RunOne();
        }

        others.ShouldBe(0);
        noisy.ShouldBeGreaterThan(3000);
        // None of the others waited for more than what is served in a few turns.
        _served.Count(who => who != "noisy").ShouldBeInRange(247, 250);
    }

    [Fact]
    public void A_runner_that_waits_for_long_behind_calls_to_refuse_stays_and_serves_several()
    {
        using var door = Door();
        for (var i = 0; i < 100; i++)
            Enter(door, "a");
        _threads.RunOne();
        _served.Count.ShouldBe(1);
        _threads.BusyDelay = 100 * Millisecond;
        _threads.RunOne();
        _served.Count.ShouldBe(100);
    }

    [Fact]
    public void What_waits_is_bounded_in_all_and_for_each_workspace()
    {
        using var door = Door(new OverloadOptions { Interval = Interval, MaxQueued = 50, MaxQueuedPerWorkspace = 20 });
        for (var i = 0; i < 20; i++)
            Enter(door, "a").ShouldBeNull();
        Enter(door, "a").ShouldBe(DoorAnswer.Full);
        for (var i = 0; i < 30; i++)
            Enter(door, $"other-{i}").ShouldBeNull();
        Enter(door, "last").ShouldBe(DoorAnswer.Full);
        door.Queued.ShouldBe(50);
    }

    [Fact]
    public void Who_would_be_late_is_refused_before_it_waits()
    {
        using var door = Door(new OverloadOptions { Interval = TimeSpan.FromSeconds(10) });
        for (var i = 0; i < 1000; i++)
            Enter(door, "a");
        for (var ms = 0; ms < 100; ms++)
        {
            _threads.Pass(Millisecond);
            _threads.RunOne();
        }

        // Nine hundred wait, a thousand are served in a second.
        Enter(door, "a", DateTime.UtcNow.AddMilliseconds(300)).ShouldBe(DoorAnswer.WouldBeLate);
        Enter(door, "a", DateTime.UtcNow.AddSeconds(60)).ShouldBeNull();
        Enter(door, "b", DateTime.UtcNow.AddSeconds(10)).ShouldBeNull();
    }

    [Fact]
    public async Task Who_is_late_or_has_given_up_takes_nobodys_turn()
    {
        using var door = Door();
        using var gone = new CancellationTokenSource();
        var late = door.EnterAsync("a", DateTime.UtcNow.AddSeconds(-1), default).AsTask();
        var cancelled = door.EnterAsync("b", NoDeadline, gone.Token).AsTask();
        var waits = door.EnterAsync("c", NoDeadline, default).AsTask();
        await gone.CancelAsync();
        _threads.RunOne();
        (await late).ShouldBe(DoorAnswer.Late);
        (await cancelled).ShouldBe(DoorAnswer.Cancelled);
        (await waits).ShouldBe(DoorAnswer.Admitted);
    }

    [Fact]
    public async Task On_the_thread_pool_everybody_is_answered()
    {
        using var door = new SearchDoor<string>(
            new OverloadOptions { TargetDelay = Millisecond, Interval = Millisecond, MaxQueued = 200 }, "test");
        var answers = new int[6];
        await Task.WhenAll(Enumerable.Range(0, 5000).Select(async i =>
        {
            await Task.Yield();
            var answer = await door.EnterAsync($"w{i % 7}", NoDeadline, default);
            Interlocked.Increment(ref answers[(int)answer]);
            Thread.SpinWait(2000);
        })).WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
        answers.Sum().ShouldBe(5000);
        answers[(int)DoorAnswer.Admitted].ShouldBeGreaterThan(0);
        door.Queued.ShouldBe(0);
    }

    [Fact]
    public void Options_out_of_range_are_all_named()
    {
        new OverloadOptions().Validate().ShouldBeEmpty();
        new OverloadOptions
        {
            TargetDelay = TimeSpan.Zero, Interval = TimeSpan.Zero, MaxQueued = 0, MaxQueuedPerWorkspace = 0, RetryDelay = TimeSpan.Zero,
        }.Validate().Count.ShouldBe(5);
    }

    private SearchDoor<string> Door(OverloadOptions? options = null) => new(options ?? new OverloadOptions { Interval = Interval }, "test", _threads);

    /// <summary>What the door says; null while it waits.</summary>
    private DoorAnswer? Enter(SearchDoor<string> door, string key, DateTime? deadline = null)
    {
        var answer = door.EnterAsync(key, deadline ?? NoDeadline, default);
        if (answer.IsCompleted)
            return answer.Result;
        _ = ServeAsync(answer, key);
        return null;
    }

    private async Task ServeAsync(ValueTask<DoorAnswer> waiting, string key)
    {
        if (await waiting == DoorAnswer.Admitted)
            _served.Add(key);
    }

    private void Drain()
    {
        while (_threads.RunOne())
        {
        }
    }
}
