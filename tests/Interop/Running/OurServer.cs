using System.Net;
using Grpc.AspNetCore.Server;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Rag.Interop.Tests.Cases;

namespace Rag.Interop.Tests.Running;

/// <summary>Our server with the interoperability service, on a free port of loopback.</summary>
internal sealed class OurServer : IAsyncDisposable
{
    private readonly WebApplication _app;

    private OurServer(WebApplication app) => _app = app;

    public int Port => new Uri(_app.Urls.First()).Port;

    public string Address => $"http://127.0.0.1:{Port}";

    public static async Task<OurServer> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.ConfigureGrpcLimits();
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseGrpcCleartext());
        });
        builder.Services.AddGrpc();
        var app = builder.Build();
        app.MapGrpcService(new InteropService());
        await app.StartAsync();
        return new OurServer(app);
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
