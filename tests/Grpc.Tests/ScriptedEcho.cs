using Grpc.Core;

namespace Rag.Transport.Tests;

/// <summary>An Echo service whose handlers a test writes; by default each answers what it gets.</summary>
internal sealed class ScriptedEcho : Echo.EchoBase
{
    public Func<Ping, ServerCallContext, Task<Pong>> OnUnary { get; set; } = (ping, _) => Task.FromResult(Answer(ping));

    public Func<IAsyncStreamReader<Ping>, ServerCallContext, Task<Pong>> OnCollect { get; set; } =
        async (pings, _) =>
        {
            var sum = 0;
            await foreach (var ping in pings.ReadAllAsync())
                sum += ping.Number;
            return new Pong { Number = sum };
        };

    public Func<Ping, IServerStreamWriter<Pong>, ServerCallContext, Task> OnRepeat { get; set; } =
        async (ping, pongs, _) =>
        {
            for (var i = 0; i < ping.Number; i++)
                await pongs.WriteAsync(new Pong { Number = i, Text = ping.Text });
        };

    public Func<IAsyncStreamReader<Ping>, IServerStreamWriter<Pong>, ServerCallContext, Task> OnConverse { get; set; } =
        async (pings, pongs, _) =>
        {
            await foreach (var ping in pings.ReadAllAsync())
                await pongs.WriteAsync(Answer(ping));
        };

    public static Pong Answer(Ping ping) => new() { Number = ping.Number, Text = ping.Text, Payload = ping.Payload };

    public override Task<Pong> Unary(Ping request, ServerCallContext context) => OnUnary(request, context);

    public override Task<Pong> Collect(IAsyncStreamReader<Ping> requestStream, ServerCallContext context) =>
        OnCollect(requestStream, context);

    public override Task Repeat(Ping request, IServerStreamWriter<Pong> responseStream, ServerCallContext context) =>
        OnRepeat(request, responseStream, context);

    public override Task Converse(IAsyncStreamReader<Ping> requestStream, IServerStreamWriter<Pong> responseStream,
        ServerCallContext context) => OnConverse(requestStream, responseStream, context);
}
