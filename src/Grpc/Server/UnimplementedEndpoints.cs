using System.Runtime.CompilerServices;
using Grpc.Core;
using Grpc.Framing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Patterns;

namespace Grpc.AspNetCore.Server;

/// <summary>
/// Answers gRPC requests for what is not there with UNIMPLEMENTED, saying whether the service or the method is
/// missing. Requests that are no gRPC are left to other endpoints.
/// </summary>
internal static class UnimplementedEndpoints
{
    private static readonly ConditionalWeakTable<IEndpointRouteBuilder, HashSet<string>> Mapped = [];

    public static void Map(IEndpointRouteBuilder endpoints, IEnumerable<string> services, CallHost host)
    {
        var mapped = Mapped.GetOrCreateValue(endpoints);
        if (mapped.Add(""))
            MapOne(endpoints, "{unknownService}/{unknownMethod}", "Unknown service", "service", host);
        foreach (var service in services.Distinct())
        {
            if (mapped.Add(service))
                MapOne(endpoints, service + "/{unknownMethod}", $"Unknown method of {service}", "method", host);
        }
    }

    private static void MapOne(IEndpointRouteBuilder endpoints, string path, string name, string what, CallHost host)
    {
        var pattern = RoutePatternFactory.Parse(
            path, defaults: null, parameterPolicies: new { unknownMethod = new GrpcOnlyConstraint() });
        endpoints.Map(pattern, http =>
        {
            if (GrpcRequestCheck.TryRefuse(http, host.Log))
                return Task.CompletedTask;
            GrpcServerLog.UnknownMethod(host.Log, http.Request.Path);
            http.Response.ContentType = HeaderNames.ContentTypePrefix;
            var status = new Status(
                StatusCode.Unimplemented, $"This server has no such {what}: {http.Request.Path.Value}");
            ResponseStatus.Write(http.Response.Headers, status, null);
            return Task.CompletedTask;
        }).WithDisplayName($"gRPC - {name}");
    }

    private sealed class GrpcOnlyConstraint : IRouteConstraint
    {
        public bool Match(HttpContext? httpContext, IRouter? route, string routeKey, RouteValueDictionary values,
            RouteDirection routeDirection) =>
            httpContext is not null
            && HttpMethods.IsPost(httpContext.Request.Method)
            && HeaderNames.IsGrpcContentType(httpContext.Request.ContentType);
    }
}
