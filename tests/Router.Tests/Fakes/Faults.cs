using Grpc.Core;

namespace Rag.Router.Tests.Fakes;

/// <summary>Failures as real shards and connections report them.</summary>
internal static class Faults
{
    public static RpcException StaleSettings() => Refused("stale-settings");

    public static RpcException NotHeld() => Refused("not-held");

    public static RpcException NotReached() => Refused("not-reached");

    public static RpcException Full() => new(new Status(StatusCode.ResourceExhausted, "The queue is full."));

    public static RpcException Away() => new(new Status(StatusCode.Unavailable, "Connection refused."));

    public static RpcException Corrupt() => new(new Status(StatusCode.DataLoss, "The slice is quarantined."));

    private static RpcException Refused(string reason) => new(
        new Status(StatusCode.FailedPrecondition, "Not under these terms."),
        new Grpc.Core.Metadata { { "rag-reason", reason } });
}
