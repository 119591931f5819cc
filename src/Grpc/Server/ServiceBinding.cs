using System.Reflection;
using Grpc.Core;

namespace Grpc.AspNetCore.Server;

/// <summary>Finds and calls the generated bind method of a service type.</summary>
internal static class ServiceBinding
{
    /// <summary>The generated class that binds the service, for instance <c>Health</c> of <c>HealthBase</c>.</summary>
    /// <exception cref="InvalidOperationException">The type does not derive from a generated base class.</exception>
    public static BindServiceMethodAttribute Find(Type service) => TryFind(service)
        ?? throw new InvalidOperationException($"{service.Name} does not derive from a generated gRPC base class.");

    public static BindServiceMethodAttribute? TryFind(Type service)
    {
        for (var type = service; type is not null; type = type.BaseType)
        {
            if (type.GetCustomAttribute<BindServiceMethodAttribute>(inherit: false) is { } attribute)
                return attribute;
        }

        return null;
    }

    public static void Bind(Type service, ServiceBinderBase binder, object? instance)
    {
        var attribute = Find(service);
        var bind = attribute.BindType.GetMethods(BindingFlags.Public | BindingFlags.Static | BindingFlags.NonPublic)
                .FirstOrDefault(method => method.Name == attribute.BindMethodName && IsBindMethod(method))
            ?? throw new InvalidOperationException($"{attribute.BindType.Name} has no bind method.");
        bind.Invoke(null, BindingFlags.DoNotWrapExceptions, null, [binder, instance], null);
    }

    private static bool IsBindMethod(MethodInfo method)
    {
        var parameters = method.GetParameters();
        return parameters.Length == 2 && parameters[0].ParameterType == typeof(ServiceBinderBase);
    }
}
