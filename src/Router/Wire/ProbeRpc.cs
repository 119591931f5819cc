using Google.Protobuf.Reflection;
using Grpc.Core;
using Rag.Internal.V1;
using Rag.Router.Services;

namespace Rag.Router.Wire;

/// <summary>
/// rag.internal.v1.ProbeService: the same request, the same gate and limits as a search, and an empty answer. What a search
/// costs beyond is the search's; the rest is the transport's. Thread-safe.
/// </summary>
[BindServiceMethod(typeof(ProbeRpc), nameof(BindService))]
internal sealed class ProbeRpc(CallPipeline pipeline)
{
    private static readonly Method<SearchCall, SearchAnswer> DiscardMethod = new(
        MethodType.Unary, "rag.internal.v1.ProbeService", nameof(Discard), SearchMarshallers.Calls, SearchMarshallers.Answers);

    /// <summary>What reflection says of the service.</summary>
    public static ServiceDescriptor Descriptor => ProbeService.Descriptor;

    public static void BindService(ServiceBinderBase binder, ProbeRpc? service) => binder.AddMethod(
        DiscardMethod, service is null ? null : new UnaryServerMethod<SearchCall, SearchAnswer>(service.Discard));

    public Task<SearchAnswer> Discard(SearchCall call, ServerCallContext context) => pipeline.RunSearchAsync(
        call, context, call.WorkspaceName, this, static (_, call, _) =>
        {
            call.Return();
            return Task.FromResult(SearchAnswer.Rent());
        }, SearchWireRpc.Refused);
}
