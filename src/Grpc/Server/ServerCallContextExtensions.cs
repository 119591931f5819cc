using Grpc.AspNetCore.Server;
using Microsoft.AspNetCore.Http;

namespace Grpc.Core;

/// <summary>What handlers and interceptors may ask of a call besides gRPC's own names.</summary>
public static class ServerCallContextExtensions
{
    /// <summary>The HTTP request that carries the call.</summary>
    /// <exception cref="InvalidOperationException">The call came in the same process, without HTTP.</exception>
    public static HttpContext GetHttpContext(this ServerCallContext serverCallContext) =>
        (GrpcServerCallContext.Of(serverCallContext) as HttpServerCallContext)?.Http
        ?? throw new InvalidOperationException("This call came without HTTP, from within the process.");

    /// <summary>The services of the call, over HTTP and within the process.</summary>
    public static IServiceProvider GetRequestServices(this ServerCallContext serverCallContext) =>
        GrpcServerCallContext.Of(serverCallContext).Services;

    /// <summary>Whether the request message read last came compressed; false within the process.</summary>
    public static bool WasLastRequestCompressed(this ServerCallContext serverCallContext) =>
        GrpcServerCallContext.Of(serverCallContext).LastRequestWasCompressed;
}
