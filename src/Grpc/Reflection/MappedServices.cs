using System.Reflection;
using Grpc.AspNetCore.Server;
using Microsoft.AspNetCore.Routing;
using ProtobufServiceDescriptor = Google.Protobuf.Reflection.ServiceDescriptor;

namespace Grpc.Reflection;

/// <summary>Finds the descriptors of the services that a host serves, from its endpoints.</summary>
internal static class MappedServices
{
    public static IReadOnlyCollection<ProtobufServiceDescriptor> Find(EndpointDataSource endpoints) =>
    [
        .. endpoints.Endpoints
            .Select(endpoint => endpoint.Metadata.GetMetadata<GrpcMethodMetadata>()?.ServiceType)
            .OfType<Type>()
            .Distinct()
            .Select(DescriptorOf)
            .OfType<ProtobufServiceDescriptor>()
            .DistinctBy(service => service.FullName),
    ];

    private static ProtobufServiceDescriptor? DescriptorOf(Type service)
    {
        var property = ServiceBinding.TryFind(service)?.BindType
            .GetProperty("Descriptor", BindingFlags.Public | BindingFlags.Static);
        return property?.GetValue(null) as ProtobufServiceDescriptor;
    }
}
