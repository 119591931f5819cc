using Rag.Ingestor.Jobs;

namespace Rag.Ingestor.Tests.Pipeline;

public sealed class FairGateTests
{
    private static readonly Guid Busy = Guid.CreateVersion7();
    private static readonly Guid Quiet = Guid.CreateVersion7();

    [Fact]
    public async Task A_workspace_has_no_more_than_its_share_and_a_newcomer_gets_in_at_once()
    {
        var gate = new FairGate(3, 2);
        await gate.EnterAsync(Busy, default);
        await gate.EnterAsync(Busy, default);
        var third = gate.EnterAsync(Busy, default).AsTask();
        third.IsCompleted.ShouldBeFalse();
        gate.EnterAsync(Quiet, default).IsCompletedSuccessfully.ShouldBeTrue();
        third.IsCompleted.ShouldBeFalse();
    }

    [Fact]
    public async Task Workspaces_take_turns_however_many_waiters_each_has()
    {
        var gate = new FairGate(1, 1);
        var order = new List<Guid>();
        var slot = await gate.EnterAsync(Busy, default);
        var waiting = new List<Task>();
        foreach (var workspace in (Guid[])[Busy, Busy, Busy, Quiet, Quiet])
            waiting.Add(RunAsync(workspace));
        slot.Dispose();
        await Task.WhenAll(waiting).WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        order.ShouldBe([Busy, Quiet, Busy, Quiet, Busy]);

        async Task RunAsync(Guid workspace)
        {
            using var entered = await gate.EnterAsync(workspace, default);
            lock (order)
                order.Add(workspace);
        }
    }

    [Fact]
    public async Task A_cancelled_waiter_takes_no_slot()
    {
        var gate = new FairGate(1, 1);
        var slot = await gate.EnterAsync(Busy, default);
        using var cancel = new CancellationTokenSource();
        var gone = gate.EnterAsync(Busy, cancel.Token).AsTask();
        var waiter = gate.EnterAsync(Busy, default).AsTask();
        await cancel.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(gone);
        slot.Dispose();
        (await waiter.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken)).Dispose();
        gate.EnterAsync(Quiet, default).IsCompletedSuccessfully.ShouldBeTrue();
    }

    [Fact]
    public async Task Under_a_storm_of_callers_the_limits_hold_and_everyone_gets_through()
    {
        var gate = new FairGate(4, 3);
        Guid[] workspaces = [Busy, Quiet, Guid.CreateVersion7()];
        var inside = new int[workspaces.Length];
        var total = 0;
        var broken = 0;
        var random = new Random(5);
        var callers = Enumerable.Range(0, 600).Select(i => Task.Run(async () =>
        {
            var which = i % 7 == 0 ? 1 : i % 11 == 0 ? 2 : 0;
            using var cancel = new CancellationTokenSource(i % 13 == 0 ? TimeSpan.FromMilliseconds(1) : TimeSpan.FromMinutes(1));
            try
            {
                using var slot = await gate.EnterAsync(workspaces[which], cancel.Token);
                if (Interlocked.Increment(ref total) > 4 || Interlocked.Increment(ref inside[which]) > 3)
                    Interlocked.Increment(ref broken);
                await Task.Yield();
                Interlocked.Decrement(ref inside[which]);
                Interlocked.Decrement(ref total);
            }
            catch (OperationCanceledException)
            {
            }
        }));
        await Task.WhenAll(callers).WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
        broken.ShouldBe(0);
    }
}
