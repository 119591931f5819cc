using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;
using Grpc.Net.InProcess;
using Rag.V1;
using Status = Grpc.Core.Status;

namespace Rag.Client.Tests;

public class RetryTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_call_that_finds_nobody_is_repeated()
    {
        var service = new FakeSearchService((_, call) => call < 3
            ? throw new RpcException(new Status(StatusCode.Unavailable, "starting"))
            : new SearchResponse());
        await Client(service).Workspace("w").SearchAsync("text", cancellationToken: Stop);
        service.Calls.ShouldBe(3);
    }

    [Fact]
    public async Task It_is_not_repeated_for_ever()
    {
        var service = new FakeSearchService((_, _) => throw new RpcException(new Status(StatusCode.Unavailable, "gone")));
        var failure = await Should.ThrowAsync<RagException>(
            () => Client(service).Workspace("w").SearchAsync("text", cancellationToken: Stop));
        failure.Message.ShouldBe("gone");
        service.Calls.ShouldBe(5);
    }

    [Theory]
    [InlineData(StatusCode.InvalidArgument)]
    [InlineData(StatusCode.NotFound)]
    [InlineData(StatusCode.Internal)]
    [InlineData(StatusCode.ResourceExhausted)]
    public async Task What_would_fail_again_is_not_repeated(StatusCode code)
    {
        var service = new FakeSearchService((_, _) => throw new RpcException(new Status(code, "no")));
        (await Should.ThrowAsync<RagException>(() => Client(service).Workspace("w").SearchAsync("text", cancellationToken: Stop)))
            .StatusCode.ShouldBe(code);
        service.Calls.ShouldBe(1);
    }

    [Fact]
    public async Task A_server_that_says_when_to_come_again_is_believed()
    {
        var service = new FakeSearchService((_, call) => call == 1
            ? throw Detailed(StatusCode.ResourceExhausted, "busy", new RetryInfo
            {
                RetryDelay = Duration.FromTimeSpan(TimeSpan.FromMilliseconds(50)),
            })
            : new SearchResponse());
        var start = TimeProvider.System.GetTimestamp();
        await Client(service).Workspace("w").SearchAsync("text", cancellationToken: Stop);
        service.Calls.ShouldBe(2);
        TimeProvider.System.GetElapsedTime(start).ShouldBeGreaterThanOrEqualTo(TimeSpan.FromMilliseconds(45));
    }

    [Fact]
    public async Task Refused_fields_are_named()
    {
        var service = new FakeSearchService((_, _) => throw Detailed(
            StatusCode.InvalidArgument, "k is wrong", new BadRequest
            {
                FieldViolations = { new BadRequest.Types.FieldViolation { Field = "k", Description = "1 to 10,000" } },
            }));
        var failure = await Should.ThrowAsync<RagException>(
            () => Client(service).Workspace("w").SearchAsync("text", cancellationToken: Stop));
        failure.Violations.ShouldBe([new FieldViolation("k", "1 to 10,000")]);
    }

    [Fact]
    public async Task A_caller_who_cancels_gets_a_cancellation()
    {
        using var cancelled = new CancellationTokenSource();
        var service = new FakeSearchService((_, _) =>
        {
            cancelled.Cancel();
            throw new RpcException(new Status(StatusCode.Unavailable, "gone"));
        });
        await Should.ThrowAsync<OperationCanceledException>(
            () => Client(service).Workspace("w").SearchAsync("text", cancellationToken: cancelled.Token));
        service.Calls.ShouldBe(1);
    }

    [Fact]
    public void Pauses_double_up_to_a_limit_and_are_never_all_alike()
    {
        var policy = new RetryPolicy { MaxAttempts = 10 };
        var gone = new RagException(StatusCode.Unavailable, "gone");
        policy.PauseAfter(1, gone, random: 1)!.Value.ShouldBe(TimeSpan.FromMilliseconds(100));
        policy.PauseAfter(1, gone, random: 0)!.Value.ShouldBe(TimeSpan.FromMilliseconds(50));
        policy.PauseAfter(3, gone, random: 1)!.Value.ShouldBe(TimeSpan.FromMilliseconds(400));
        policy.PauseAfter(9, gone, random: 1)!.Value.ShouldBe(TimeSpan.FromSeconds(5));
        policy.PauseAfter(10, gone, random: 1).ShouldBeNull();
    }

    private static RagClient Client(FakeSearchService service) => new(
        new InProcessServer().Bind(service).CreateCallInvoker(),
        new RagClientOptions { Retry = new RetryPolicy { InitialBackoff = TimeSpan.FromMilliseconds(1) } });

    private static RpcException Detailed(StatusCode code, string message, IMessage detail)
    {
        var status = new Google.Rpc.Status { Code = (int)code, Message = message, Details = { Any.Pack(detail) } };
        var trailers = new Metadata { { "grpc-status-details-bin", status.ToByteArray() } };
        return new RpcException(new Status(code, message), trailers);
    }
}
