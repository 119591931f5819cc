using Grpc.Core;

namespace Grpc.AspNetCore.Server;

/// <summary>Stands on an endpoint that serves a method. Immutable.</summary>
public sealed class GrpcMethodMetadata(Type serviceType, IMethod method)
{
    /// <summary>The class that implements the service.</summary>
    public Type ServiceType { get; } = serviceType;

    /// <summary>The method.</summary>
    public IMethod Method { get; } = method;
}
