using System.Net;
using Grpc.AspNetCore.Server;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace Rag.Cli.Composition;

/// <summary>A second port for what processes of the product say to one another; no other port answers it.</summary>
internal sealed class InternalDoor
{
    private const string InternalServices = "/rag.internal.";

    private readonly int _port;

    public InternalDoor(ProcessHost host, IPEndPoint endPoint)
    {
        _port = endPoint.Port;
        host.Builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(endPoint, listen => listen.UseGrpcCleartext()));
    }

    /// <summary>Goes before the services are mapped. A caller at another port finds no such service.</summary>
    public void Use(WebApplication application) => application.Use(async (context, next) =>
    {
        if (context.Request.Path.Value!.StartsWith(InternalServices, StringComparison.Ordinal)
            && context.Connection.LocalPort != _port)
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }

        await next(context);
    });
}
