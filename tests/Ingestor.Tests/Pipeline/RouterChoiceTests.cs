using Grpc.Core;
using Rag.Ingestor.Routers;
using Rag.Internal.V1;

namespace Rag.Ingestor.Tests.Pipeline;

public sealed class RouterChoiceTests
{
    [Fact]
    public async Task Calls_go_to_the_next_router_when_one_is_away_and_stay_there()
    {
        var (first, second) = (new FakeInvoker(), new FakeInvoker());
        var client = new DocumentWriterService.DocumentWriterServiceClient(new RouterChoice([first, second]));
        await client.GetSettingsAsync(new GetSettingsRequest());
        (first.Calls, second.Calls).ShouldBe((1, 0));

        // Several that fail together change the router once.
        first.Fails = new TaskCompletionSource<Exception>();
        var together = Enumerable.Range(0, 3).Select(_ => client.GetSettingsAsync(new GetSettingsRequest()).ResponseAsync).ToList();
        first.Fails.SetResult(new RpcException(new Status(StatusCode.Unavailable, "away")));
        foreach (var call in together)
            await Should.ThrowAsync<RpcException>(call);
        await client.GetSettingsAsync(new GetSettingsRequest());
        await client.GetSettingsAsync(new GetSettingsRequest());
        (first.Calls, second.Calls).ShouldBe((4, 2));
    }

    [Fact]
    public async Task A_router_that_refuses_is_not_away()
    {
        var (first, second) = (new FakeInvoker(), new FakeInvoker());
        var client = new DocumentWriterService.DocumentWriterServiceClient(new RouterChoice([first, second]));
        first.Fails = new TaskCompletionSource<Exception>();
        first.Fails.SetResult(new RpcException(new Status(StatusCode.ResourceExhausted, "busy")));
        await Should.ThrowAsync<RpcException>(client.GetSettingsAsync(new GetSettingsRequest()).ResponseAsync);
        first.Fails = null;
        await client.GetSettingsAsync(new GetSettingsRequest());
        (first.Calls, second.Calls).ShouldBe((2, 0));
    }

    private sealed class FakeInvoker : ForwardingCallInvoker
    {
        private int _calls;

        public int Calls => _calls;

        /// <summary>With what calls fail, once it is known; null: they do not.</summary>
        public TaskCompletionSource<Exception>? Fails { get; set; }

        public override AsyncUnaryCall<TResponse> AsyncUnaryCall<TRequest, TResponse>(
            Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request)
        {
            Interlocked.Increment(ref _calls);
            return new AsyncUnaryCall<TResponse>(
                AnswerAsync<TResponse>(Fails), Task.FromResult(new Grpc.Core.Metadata()), () => Status.DefaultSuccess, () => [],
                static () => { });
        }

        protected override CallInvoker Next => throw new NotSupportedException();

        private static async Task<TResponse> AnswerAsync<TResponse>(TaskCompletionSource<Exception>? fails) =>
            fails is null ? Activator.CreateInstance<TResponse>() : throw await fails.Task;
    }
}
