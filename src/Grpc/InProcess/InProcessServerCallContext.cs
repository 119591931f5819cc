using Grpc.AspNetCore.Server;
using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;

namespace Grpc.Net.InProcess;

/// <summary>A call within the process as its handler sees it.</summary>
internal sealed class InProcessServerCallContext(IInProcessCall call, IServiceProvider? services)
    : GrpcServerCallContext
{
    private readonly Lock _gate = new();
    private Metadata? _trailers;
    private IServiceProvider? _scoped;
    private bool _headersSent;

    public Metadata Trailers => _trailers is null ? Metadata.Empty : InProcessMetadata.Copy(_trailers);

    public override IServiceProvider Services
    {
        get
        {
            lock (_gate)
                return _scoped ??= CreateScope();
        }
    }

    public override bool IsDeadlineExceeded => call.IsDeadlineExceeded;

    public override bool IsCancelled => call.HasEnded;

    public override bool IsStopping => false;

    protected override string MethodCore => call.Method;

    protected override string HostCore => call.Host;

    protected override string PeerCore => "inprocess";

    protected override DateTime DeadlineCore => call.Deadline;

    protected override Metadata RequestHeadersCore => call.RequestHeaders;

    protected override CancellationToken CancellationTokenCore => call.Cancelled;

    protected override Metadata ResponseTrailersCore => _trailers ??= [];

    protected override Status StatusCore { get; set; }

    protected override WriteOptions? WriteOptionsCore { get; set; }

    protected override AuthContext AuthContextCore => AuthContext.Unauthenticated;

    protected override Task WriteResponseHeadersAsyncCore(Metadata responseHeaders)
    {
        if (_headersSent)
            throw new InvalidOperationException("The response's headers were sent before.");
        _headersSent = true;
        call.SetResponseHeaders(InProcessMetadata.Copy(responseHeaders));
        return Task.CompletedTask;
    }

    private IServiceProvider CreateScope()
    {
        if (services is null)
            return NoServices.Instance;
        var scope = services.CreateAsyncScope();
        Own(scope);
        return scope.ServiceProvider;
    }

    private sealed class NoServices : IServiceProvider
    {
        public static readonly NoServices Instance = new();

        public object? GetService(Type serviceType) => null;
    }
}
