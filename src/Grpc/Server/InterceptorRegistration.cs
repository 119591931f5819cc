using Grpc.Core;
using Grpc.Core.Interceptors;
using Microsoft.Extensions.DependencyInjection;

namespace Grpc.AspNetCore.Server;

/// <summary>
/// An interceptor of a server: an instance, or a type that each call takes from its services, or makes where it is
/// not registered. Thread-safe.
/// </summary>
public sealed class InterceptorRegistration
{
    private readonly Interceptor? _instance;
    private readonly object[] _arguments = [];

    internal InterceptorRegistration(Interceptor instance)
    {
        _instance = instance;
        Type = instance.GetType();
    }

    internal InterceptorRegistration(Type type, object[] arguments)
    {
        Type = type;
        _arguments = arguments;
    }

    /// <summary>The interceptor's type.</summary>
    public Type Type { get; }

    internal Interceptor Get(ServerCallContext context)
    {
        if (_instance is not null)
            return _instance;
        var call = GrpcServerCallContext.Of(context);
        if (_arguments.Length == 0 && call.Services.GetService(Type) is Interceptor registered)
            return registered;
        return (Interceptor)call.Own(ActivatorUtilities.CreateInstance(call.Services, Type, _arguments));
    }
}
