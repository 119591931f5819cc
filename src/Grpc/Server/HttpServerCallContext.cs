using Grpc.Core;
using Grpc.Framing;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Grpc.AspNetCore.Server;

/// <summary>
/// A call that came over HTTP/2. Three may end it: the handler by returning, the deadline's timer, the client by
/// resetting the stream. The gate decides between the first two; whoever comes second writes nothing.
/// </summary>
internal sealed class HttpServerCallContext(
    HttpContext http, IMethod method, MethodSettings settings, CallHost host)
    : GrpcServerCallContext
{
    private const int NoErrorCode = 0;
    private const int InternalErrorCode = 2;
    private const int CancelCode = 8;

    private readonly Lock _gate = new();
    private CancellationTokenSource? _cancellation;
    private DeadlineTimer? _deadlineTimer;
    private DateTime _deadline = DateTime.MaxValue;
    private Metadata? _requestHeaders;
    private Metadata? _responseTrailers;
    private AuthContext? _authContext;
    private Task _forcedEnd = Task.CompletedTask;
    private volatile bool _deadlineExceeded;
    private bool _headersSent;
    private bool _bodyStarted;
    private bool _writing;
    private bool _ended;

    /// <summary>How this call's messages are compressed.</summary>
    public HttpCallCompression Compression { get; } = new(http, settings);

    /// <summary>Says whether the last request message was compressed; set by the stream that reads.</summary>
    public Func<bool>? CompressionProbe { get; set; }

    public HttpContext Http => http;

    public MethodSettings Settings => settings;

    public override IServiceProvider Services => http.RequestServices;

    public override bool IsDeadlineExceeded => _deadlineExceeded;

    public override bool IsCancelled => http.RequestAborted.IsCancellationRequested;

    public override bool IsStopping => host.Stopping.IsCancellationRequested;

    public override bool LastRequestWasCompressed => CompressionProbe?.Invoke() ?? false;

    protected override string MethodCore => method.FullName;

    protected override string HostCore => http.Request.Host.Value ?? "";

    protected override string PeerCore => PeerAddress.Format(http.Connection);

    protected override DateTime DeadlineCore => _deadline;

    protected override Metadata RequestHeadersCore => _requestHeaders ??= RequestMetadata.Read(http.Request.Headers);

    protected override CancellationToken CancellationTokenCore => GetCancellation().Token;

    protected override Metadata ResponseTrailersCore => _responseTrailers ??= [];

    protected override Status StatusCore { get; set; }

    protected override WriteOptions? WriteOptionsCore { get; set; }

    protected override AuthContext AuthContextCore => _authContext ??= PeerAddress.Authenticate(http.Connection);

    /// <summary>Reads what the protocol's headers ask for.</summary>
    /// <exception cref="RpcException">They ask for what cannot be done.</exception>
    public void Begin()
    {
        http.Response.ContentType = HeaderNames.ContentTypePrefix;
        LiftLimits();
        Compression.Begin();
        if (http.Request.Headers.TryGetValue(TimeoutHeader.Name, out var timeout))
            BeginDeadline(timeout.ToString());
    }

    /// <summary>Claims the output for one write.</summary>
    /// <exception cref="InvalidOperationException">The call has ended, or a write is still going on.</exception>
    /// <exception cref="OperationCanceledException">The call was cancelled.</exception>
    public void BeginWrite()
    {
        lock (_gate)
        {
            if (_deadlineExceeded)
                throw new OperationCanceledException("The deadline passed.", GetCancellation().Token);
            if (_ended)
                throw new InvalidOperationException("The call has ended; nothing can be written any more.");
            if (_writing)
                throw new InvalidOperationException("One write at a time: await the previous WriteAsync first.");
            _writing = true;
            _bodyStarted = true;
        }
    }

    public void EndWrite()
    {
        lock (_gate)
            _writing = false;
    }

    /// <summary>Resets the stream, because what is in its output is no message.</summary>
    public void ResetBroken() => Reset(InternalErrorCode);

    /// <summary>Ends the call with its status and trailers, unless the deadline has.</summary>
    public async ValueTask EndAsync(Status status)
    {
        Task? forced = null;
        lock (_gate)
        {
            if (_ended)
                forced = _forcedEnd;
            else
                _ended = true;
        }

        if (_deadlineTimer is not null)
            _deadlineTimer.Dispose();
        if (forced is not null)
            await forced;
        else if (!IsCancelled)
            WriteStatus(status, _responseTrailers);
        _cancellation?.Dispose();
    }

    protected override async Task WriteResponseHeadersAsyncCore(Metadata responseHeaders)
    {
        if (_headersSent || http.Response.HasStarted)
            throw new InvalidOperationException("The response's headers were sent before.");
        BeginWrite();
        try
        {
            _headersSent = true;
            foreach (var entry in responseHeaders)
            {
                if (entry.Key == HeaderNames.EncodingRequest)
                    Compression.ChooseForResponses(entry.Value);
                else
                    http.Response.Headers.Append(entry.Key, MetadataHeaders.Encode(entry));
            }

            await http.Response.BodyWriter.FlushAsync(CancellationToken);
        }
        finally
        {
            EndWrite();
        }
    }

    /// <summary>Messages have limits of their own; a stream of them may be as long and as slow as it likes.</summary>
    private void LiftLimits()
    {
        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
            size.MaxRequestBodySize = null;
        if (method.Type is MethodType.ClientStreaming or MethodType.DuplexStreaming
            && http.Features.Get<Microsoft.AspNetCore.Server.Kestrel.Core.Features.IHttpMinRequestBodyDataRateFeature>()
                is { } rate)
            rate.MinDataRate = null;
    }

    private void BeginDeadline(string header)
    {
        if (!TimeoutHeader.TryParse(header, out var timeout))
            throw new RpcException(new Status(StatusCode.Internal, $"grpc-timeout '{header}' cannot be read."));
        var now = DateTime.UtcNow;
        _deadline = timeout > DateTime.MaxValue - now ? DateTime.MaxValue : now + timeout;
        _deadlineTimer = DeadlineTimer.Start(timeout, OnDeadline);
    }

    private void OnDeadline()
    {
        CancellationTokenSource? cancellation;
        lock (_gate)
        {
            if (_ended)
                return;
            _ended = true;
            _deadlineExceeded = true;
            cancellation = _cancellation;
            // A write that waits for the client would never let the trailers out, so such a stream is reset.
            if (_writing)
                Reset(CancelCode);
            else
                _forcedEnd = CompleteNowAsync();
        }

        GrpcServerLog.DeadlinePassed(host.Log, method.FullName);
        try
        {
            cancellation?.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The handler returned just now.
        }
    }

    private async Task CompleteNowAsync()
    {
        try
        {
            WriteStatus(new Status(StatusCode.DeadlineExceeded, "The deadline passed."), null);
            await http.Response.CompleteAsync();
            // The client need not send the rest of its stream.
            Reset(NoErrorCode);
        }
        catch (Exception e) when (e is InvalidOperationException or IOException or OperationCanceledException)
        {
            // The client has reset the stream meanwhile: there is nobody to tell.
        }
    }

    private void WriteStatus(Status status, Metadata? trailers)
    {
        // Without a message the status travels in the headers' frame: trailers-only.
        var target = _bodyStarted || http.Response.HasStarted
            ? http.Features.Get<IHttpResponseTrailersFeature>()!.Trailers
            : http.Response.Headers;
        ResponseStatus.Write(target, status, trailers);
    }

    private void Reset(int errorCode) => http.Features.Get<IHttpResetFeature>()?.Reset(errorCode);

    private CancellationTokenSource GetCancellation()
    {
        lock (_gate)
        {
            if (_cancellation is null)
            {
                _cancellation = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, host.Stopping);
                if (_deadlineExceeded)
                    _cancellation.Cancel();
            }

            return _cancellation;
        }
    }
}
