namespace Grpc.Core;

/// <summary>Sends the calls of an invoker to a host of its own choice. Thread-safe.</summary>
internal sealed class HostCallInvoker(CallInvoker inner, string host) : ForwardingCallInvoker
{
    protected override CallInvoker Next => inner;

    protected override string? HostFor(string? _) => host;
}
