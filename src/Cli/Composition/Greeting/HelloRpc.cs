using Grpc.Core;
using Rag.Hosting.Agreement;
using Rag.Internal.V1;

namespace Rag.Cli.Composition.Greeting;

/// <summary>Says who this process is. Thread-safe.</summary>
internal sealed class HelloRpc(Func<NodeIdentity> self) : HelloService.HelloServiceBase
{
    /// <summary>The end of the year 9999: the last that a time can hold.</summary>
    private const long MaxClockMs = 253_402_300_799_999;

    public override Task<HelloResponse> Hello(HelloRequest request, ServerCallContext context) =>
        Task.FromResult(new HelloResponse { Node = ToProto(self()) });

    public static Node ToProto(NodeIdentity identity) => new()
    {
        Kind = identity.Kind,
        Name = identity.Name,
        Protocol = identity.Protocol,
        Version = identity.Version,
        ClusterId = identity.ClusterId,
        ClockMs = identity.Clock.ToUnixTimeMilliseconds(),
    };

    public static NodeIdentity Read(Node? node) => new(
        node?.Kind ?? "", node?.Name ?? "", node?.Protocol ?? 0, node?.Version ?? "", node?.ClusterId ?? "",
        DateTimeOffset.FromUnixTimeMilliseconds(Math.Clamp(node?.ClockMs ?? 0, 0, MaxClockMs)));
}
