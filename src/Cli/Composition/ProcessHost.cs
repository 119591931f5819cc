using System.Net;
using System.Reflection;
using Grpc.AspNetCore.Server;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Rag.Cli.Composition;

/// <summary>
/// What every process of the product is made of: a web application that serves gRPC where it listens, or nothing but
/// its background services; and what it owns besides, which is closed last, in reverse order.
/// </summary>
internal sealed class ProcessHost : IAsyncDisposable
{
    private static readonly TimeSpan ShutdownLimit = TimeSpan.FromSeconds(30);

    // How old an answer of the health service may be; the checks themselves only look at what is known.
    private static readonly TimeSpan HealthDelay = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan HealthPeriod = TimeSpan.FromSeconds(2);

    private readonly Stack<object> _owned = new();
    private IPEndPoint? _listen;
    private WebApplication? _application;
    private int _disposed;

    /// <param name="listen">Null: no socket.</param>
    /// <param name="level">The least level that is logged unless RAG_LOG says otherwise.</param>
    public ProcessHost(IPEndPoint? listen, LogLevel level)
        : this(level)
    {
        if (listen is null)
            Builder.Services.AddSingleton<IServer, NoServer>();
        else
            Listen(listen);
    }

    /// <summary>One that is told later where to <see cref="Listen"/>.</summary>
    public ProcessHost(LogLevel level)
    {
        Loggers = ServerLog.Create(level);
        Logger = Loggers.CreateLogger("Rag.Cli");
        Builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        Builder.Services.AddSingleton(Loggers);
        Builder.Services.AddLogging();
        Builder.Services.AddGrpc();
        // A process without checks of its own serves as soon as it listens.
        Builder.Services.AddGrpcHealthChecks().AddCheck("process", static () => HealthCheckResult.Healthy());
        Builder.Services.Configure<HealthCheckPublisherOptions>(static publisher =>
            (publisher.Delay, publisher.Period) = (HealthDelay, HealthPeriod));
        Builder.Services.AddGrpcReflection();
        Builder.Services.AddSingleton<IHostLifetime, CallerLifetime>();
        Builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = ShutdownLimit);
    }

    public static string Version { get; } =
        typeof(ProcessHost).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!
            .InformationalVersion.Split('+')[0];

    public WebApplicationBuilder Builder { get; }

    /// <summary>For what is opened before the application is built.</summary>
    public ILoggerFactory Loggers { get; }

    public ILogger Logger { get; }

    public IServiceProvider Services => _application!.Services;

    /// <summary>Where it can be called from this machine; null where it does not listen.</summary>
    public string? Address { get; private set; }

    /// <summary>Hands over something that is closed after the application, the latest first.</summary>
    public T Own<T>(T item)
        where T : notnull
    {
        _owned.Push(item);
        return item;
    }

    /// <summary>Where to listen; before it starts.</summary>
    public void Listen(IPEndPoint endPoint)
    {
        _listen = endPoint;
        Builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.ConfigureGrpcLimits();
            kestrel.Listen(endPoint, endpoint => endpoint.UseGrpcCleartext());
        });
    }

    /// <exception cref="CliException">The port is taken.</exception>
    public async Task StartAsync(Action<WebApplication> map, CancellationToken cancellationToken)
    {
        _application = Builder.Build();
        _application.UseRouting();
        _application.MapGrpcHealthChecksService();
        _application.MapGrpcReflectionService();
        map(_application);
        try
        {
            await _application.StartAsync(cancellationToken);
        }
        catch (IOException taken) when (_listen is not null)
        {
            throw new CliException($"Cannot listen on {_listen}: {taken.Message} Choose another with --port.");
        }

        if (_listen is null)
            return;
        var bound = _application.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses;
        Address = Reachable(bound.First());
    }

    /// <summary>Serves until it is told to stop.</summary>
    /// <exception cref="CliException">It stopped by itself.</exception>
    public async Task RunUntilAsync(CancellationToken stop)
    {
        var lifetime = Services.GetRequiredService<IHostApplicationLifetime>();
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, lifetime.ApplicationStopping);
        var ended = new TaskCompletionSource();
        await using (either.Token.Register(ended.SetResult))
            await ended.Task;
        if (!stop.IsCancellationRequested)
            throw new CliException("A part of the engine failed and the process stopped; the log says why.");
        ServerLog.Stopping(Logger);
        await DisposeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        if (_application is not null)
        {
            await _application.StopAsync();
            await _application.DisposeAsync();
        }

        while (_owned.TryPop(out var item))
        {
            if (item is IAsyncDisposable later)
                await later.DisposeAsync();
            else
                ((IDisposable)item).Dispose();
        }

        ServerLog.Stopped(Logger);
        Loggers.Dispose();
    }

    private static string Reachable(string address) => address
        .Replace("0.0.0.0", "127.0.0.1", StringComparison.Ordinal)
        .Replace("[::]", "[::1]", StringComparison.Ordinal);
}
