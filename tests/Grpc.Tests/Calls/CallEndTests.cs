using Grpc.Core;

namespace Rag.Transport.Tests.Calls;

/// <summary>
/// Calls that are ended from outside: by a deadline, or by giving them up. Each test runs over HTTP/2 and within the
/// process.
/// </summary>
public abstract class CallEndTests
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task A_passed_deadline_ends_the_call_on_both_sides()
    {
        await using var host = await StartAsync();
        var cancelled = new TaskCompletionSource();
        DateTime? seen = null;
        host.Service.OnUnary = async (_, context) =>
        {
            seen = context.Deadline;
            using var registration = context.CancellationToken.Register(() => cancelled.TrySetResult());
            await cancelled.Task;
            return new Pong();
        };
        var deadline = DateTime.UtcNow.AddSeconds(1);
        var e = await Should.ThrowAsync<RpcException>(
            host.Client.UnaryAsync(new Ping(), deadline: deadline).ResponseAsync.WaitAsync(Soon));
        e.StatusCode.ShouldBe(StatusCode.DeadlineExceeded);
        DateTime.UtcNow.ShouldBeGreaterThanOrEqualTo(deadline);
        await cancelled.Task.WaitAsync(Soon);
        seen.ShouldNotBeNull();
        Math.Abs((seen.Value - deadline).TotalSeconds).ShouldBeLessThan(2);
    }

    [Fact]
    public async Task A_deadline_in_the_past_never_reaches_the_server()
    {
        await using var host = await StartAsync();
        var calls = 0;
        host.Service.OnUnary = (ping, _) =>
        {
            Interlocked.Increment(ref calls);
            return Task.FromResult(ScriptedEcho.Answer(ping));
        };
        var e = await Should.ThrowAsync<RpcException>(
            host.Client.UnaryAsync(new Ping(), deadline: DateTime.UtcNow.AddSeconds(-1)).ResponseAsync);
        e.StatusCode.ShouldBe(StatusCode.DeadlineExceeded);
        await host.Client.UnaryAsync(new Ping());
        calls.ShouldBe(1);
    }

    [Fact]
    public async Task A_deadline_ends_reading_a_stream()
    {
        await using var host = await StartAsync();
        host.Service.OnRepeat = async (_, pongs, context) =>
        {
            await pongs.WriteAsync(new Pong());
            await Task.Delay(Timeout.Infinite, context.CancellationToken);
        };
        using var call = host.Client.Repeat(new Ping(), deadline: DateTime.UtcNow.AddSeconds(1));
        (await call.ResponseStream.MoveNext()).ShouldBeTrue();
        var e = await Should.ThrowAsync<RpcException>(call.ResponseStream.MoveNext().WaitAsync(Soon));
        e.StatusCode.ShouldBe(StatusCode.DeadlineExceeded);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Giving_a_call_up_stops_its_handler(bool byToken)
    {
        await using var host = await StartAsync();
        var started = new TaskCompletionSource();
        var stopped = new TaskCompletionSource();
        host.Service.OnConverse = async (pings, _, context) =>
        {
            started.SetResult();
            try
            {
                await pings.MoveNext();
            }
            catch (OperationCanceledException) when (context.CancellationToken.IsCancellationRequested)
            {
                stopped.SetResult();
                throw;
            }
        };
        using var source = new CancellationTokenSource();
        using var call = host.Client.Converse(cancellationToken: source.Token);
        await started.Task.WaitAsync(Soon);
        var reading = call.ResponseStream.MoveNext();
        if (byToken)
            await source.CancelAsync();
        else
            call.Dispose();
        (await Should.ThrowAsync<RpcException>(reading.WaitAsync(Soon))).StatusCode.ShouldBe(StatusCode.Cancelled);
        await stopped.Task.WaitAsync(Soon);
        await Should.ThrowAsync<Exception>(call.RequestStream.WriteAsync(new Ping()));
    }

    [Fact]
    public async Task Giving_up_after_the_first_response_stops_the_handler()
    {
        await using var host = await StartAsync();
        var stopped = new TaskCompletionSource();
        host.Service.OnRepeat = async (_, pongs, context) =>
        {
            try
            {
                while (true)
                    await pongs.WriteAsync(new Pong());
            }
            finally
            {
                stopped.SetResult();
            }
        };
        using (var call = host.Client.Repeat(new Ping()))
            (await call.ResponseStream.MoveNext()).ShouldBeTrue();
        await stopped.Task.WaitAsync(Soon);
    }

    [Fact]
    public async Task A_token_for_one_read_gives_the_call_up()
    {
        await using var host = await StartAsync();
        host.Service.OnConverse = async (pings, _, _) => await pings.MoveNext();
        using var call = host.Client.Converse();
        using var source = new CancellationTokenSource();
        var reading = call.ResponseStream.MoveNext(source.Token);
        await source.CancelAsync();
        (await Should.ThrowAsync<RpcException>(reading.WaitAsync(Soon))).StatusCode.ShouldBe(StatusCode.Cancelled);
        call.GetStatus().StatusCode.ShouldBe(StatusCode.Cancelled);
    }

    [Fact]
    public async Task A_call_made_while_serving_takes_over_deadline_and_cancellation()
    {
        await using var host = await StartAsync();
        var inner = new TaskCompletionSource<DateTime>();
        var stopped = new TaskCompletionSource();
        host.Service.OnRepeat = async (_, _, context) =>
        {
            using var registration = context.CancellationToken.Register(() => stopped.SetResult());
            inner.SetResult(context.Deadline);
            await stopped.Task;
        };
        host.Service.OnUnary = async (_, context) =>
        {
            var options = new CallOptions(propagationToken: context.CreatePropagationToken());
            using var call = host.Client.Repeat(new Ping(), options);
            await call.ResponseStream.MoveNext();
            return new Pong();
        };
        var deadline = DateTime.UtcNow.AddSeconds(60);
        using var source = new CancellationTokenSource();
        var outer = host.Client.UnaryAsync(new Ping(), deadline: deadline, cancellationToken: source.Token);
        var seen = await inner.Task.WaitAsync(Soon);
        Math.Abs((seen - deadline).TotalSeconds).ShouldBeLessThan(5);
        await source.CancelAsync();
        await Should.ThrowAsync<RpcException>(outer.ResponseAsync);
        await stopped.Task.WaitAsync(Soon);
    }

    private protected abstract Task<EchoHost> StartAsync();
}

/// <summary>Over HTTP/2 on loopback.</summary>
public sealed class HttpCallEndTests : CallEndTests
{
    private protected override Task<EchoHost> StartAsync() => EchoHost.OverHttpAsync();
}

/// <summary>Within the process.</summary>
public sealed class InProcessCallEndTests : CallEndTests
{
    private protected override Task<EchoHost> StartAsync() => Task.FromResult(EchoHost.InProcess());
}
