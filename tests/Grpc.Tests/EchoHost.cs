using Grpc.AspNetCore.Server;
using Grpc.Core;
using Grpc.Net.Client;
using Grpc.Net.InProcess;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Rag.Transport.Tests;

/// <summary>
/// A server with a scripted service and a way to call it: over HTTP/2 on loopback, or within the process.
/// </summary>
internal sealed class EchoHost : IAsyncDisposable
{
    private readonly WebApplication? _app;

    private EchoHost(ScriptedEcho service, CallInvoker invoker, WebApplication? app, GrpcChannel? channel)
    {
        Service = service;
        Invoker = invoker;
        Client = new Echo.EchoClient(invoker);
        Channel = channel;
        _app = app;
    }

    public ScriptedEcho Service { get; }

    public CallInvoker Invoker { get; }

    public Echo.EchoClient Client { get; }

    public GrpcChannel? Channel { get; }

    public WebApplication App => _app!;

    public string Address => _app!.Urls.First();

    public RecordedLog Log { get; private init; } = new();

    public static EchoHost InProcess(Action<InterceptorCollection>? interceptors = null)
    {
        var service = new ScriptedEcho();
        var log = new RecordedLog();
        var options = new InProcessServerOptions { LoggerFactory = log };
        interceptors?.Invoke(options.Interceptors);
        var server = new InProcessServer(options).Bind(service);
        return new EchoHost(service, server.CreateCallInvoker(), null, null) { Log = log };
    }

    public static EchoHost InProcessWith(Action<InProcessServer> bind, IServiceProvider services)
    {
        var server = new InProcessServer(new InProcessServerOptions { Services = services });
        bind(server);
        return new EchoHost(new ScriptedEcho(), server.CreateCallInvoker(), null, null);
    }

    public static async Task<EchoHost> OverHttpAsync(Action<GrpcServiceOptions>? configure = null,
        GrpcChannelOptions? channelOptions = null, Action<WebApplicationBuilder>? build = null,
        Action<WebApplication>? map = null, GrpcKestrelOptions? limits = null, bool mapScripted = true)
    {
        var service = new ScriptedEcho();
        var log = new RecordedLog();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders().AddProvider(log);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.ConfigureGrpcLimits(limits);
            kestrel.Listen(System.Net.IPAddress.Loopback, 0, listen => listen.UseGrpcCleartext());
        });
        builder.Services.AddGrpc(configure);
        build?.Invoke(builder);
        var app = builder.Build();
        if (mapScripted)
            app.MapGrpcService(service);
        map?.Invoke(app);
        await app.StartAsync();
        var channel = GrpcChannel.ForAddress(app.Urls.First(), channelOptions ?? new GrpcChannelOptions());
        return new EchoHost(service, channel.CreateCallInvoker(), app, channel) { Log = log };
    }

    public async ValueTask DisposeAsync()
    {
        Channel?.Dispose();
        if (_app is not null)
            await _app.DisposeAsync();
    }
}
