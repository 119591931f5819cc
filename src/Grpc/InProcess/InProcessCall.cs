using System.Diagnostics;
using Grpc.AspNetCore.Server;
using Grpc.Core;
using Grpc.Net.Client;

namespace Grpc.Net.InProcess;

/// <summary>
/// A call within the process, seen from both sides:
/// <code>
///   client writer → bounded channel → server reader
///                                        handler
///   client reader ← bounded channel ← server writer
/// </code>
/// It ends once. A handler's status reaches the client after the messages before it; a deadline or giving up at once.
/// </summary>
internal sealed class InProcessCall<TRequest, TResponse> : ICallHandle, IInProcessCall, IThreadPoolWorkItem
    where TRequest : class
    where TResponse : class
{
    private readonly InProcessServer _server;
    private readonly Method<TRequest, TResponse> _method;
    private readonly CallOptions _options;
    private readonly CallEnd _end = new();
    private readonly CallGuard _guard = new();
    private readonly CancellationTokenSource _cancellation = new();
    private readonly TaskCompletionSource<TResponse>? _response;
    private readonly InProcessStream<TRequest>? _requests;
    private readonly InProcessStream<TResponse>? _responses;
    private readonly long _startedAt = Stopwatch.GetTimestamp();
    private readonly Activity? _activity;
    private ServerMethod<TRequest, TResponse>? _bound;
    private TRequest? _request;
    private Status _handlerStatus;
    private Metadata _handlerTrailers = Metadata.Empty;
    private int _ended;

    public InProcessCall(
        InProcessServer server, Method<TRequest, TResponse> method, string? host, CallOptions options)
    {
        _server = server;
        _method = method;
        _options = options;
        Host = host ?? "";
        _activity = GrpcClientTelemetry.StartDetached(method);
        var capacity = server.Options.StreamCapacity;
        if (method.Type is MethodType.ClientStreaming or MethodType.DuplexStreaming)
            _requests = new InProcessStream<TRequest>(capacity);
        if (method.Type is MethodType.ServerStreaming or MethodType.DuplexStreaming)
            _responses = new InProcessStream<TResponse>(capacity);
        else
            _response = new TaskCompletionSource<TResponse>();
    }

    public string Method => _method.FullName;

    public string Host { get; }

    public Metadata RequestHeaders { get; private set; } = Metadata.Empty;

    public DateTime Deadline => _guard.Deadline ?? DateTime.MaxValue;

    public CancellationToken Cancelled => _cancellation.Token;

    public bool HasEnded => _end.HasEnded;

    public bool IsDeadlineExceeded => _end.HasEnded && _end.Status.StatusCode == StatusCode.DeadlineExceeded;

    public Task<TResponse> ResponseAsync => _response!.Task;

    public IClientStreamWriter<TRequest> ClientWriter => new InProcessClientWriter<TRequest>(_requests!, this);

    public IAsyncStreamReader<TResponse> ClientReader => new InProcessClientReader<TResponse>(_responses!, this);

    public Task<Metadata> ResponseHeadersAsync => _end.ResponseHeadersAsync;

    public Status GetStatus() => _end.Status;

    public Metadata GetTrailers() => _end.Trailers;

    public void Dispose() => Cancel("The call was disposed.");

    public void Cancel(string reason) => End(new Status(StatusCode.Cancelled, reason), Metadata.Empty);

    public Exception CreateException() => new RpcException(_end.Status, _end.Trailers);

    public void SetResponseHeaders(Metadata headers) => _end.SetHeaders(headers);

    /// <summary>Starts the handler; the request is null where the client sends a stream.</summary>
    public void Start(TRequest? request)
    {
        _request = request;
        _guard.Start(_options, default, status => End(status, Metadata.Empty));
        if (_end.HasEnded)
        {
            _guard.Dispose();
            return;
        }

        _bound = _server.Find<TRequest, TResponse>(_method);
        if (_bound is null)
        {
            End(new Status(StatusCode.Unimplemented, $"This process has no such method: {_method.FullName}"),
                Metadata.Empty);
        }
        else if (_server.Options.StartHandlersInline)
            Execute();
        else
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: true);
    }

    public void Execute() => _ = ServeAsync();

    /// <summary>Ends the call with what its handler ended with, after the client has read what came before.</summary>
    public void EndFromHandler() => End(_handlerStatus, _handlerTrailers);

    private async Task ServeAsync()
    {
        var context = new InProcessServerCallContext(this, _server.Options.Services);
        var activity = StartServerActivity();
        _server.Metrics.CallStarted(_method);
        TResponse? response = null;
        Status status;
        try
        {
            RequestHeaders = await InProcessMetadata.CopyAsync(_options, _method, Cancelled);
            response = await DispatchAsync(context);
            if (response is null && _response is not null)
                throw new RpcException(new Status(StatusCode.Internal, "The handler returned no message."));
            status = context.Status;
        }
        catch (Exception e)
        {
            status = HandlerFailure.ToStatus(e, context, _server.Options.EnableDetailedErrors, _server.Log);
        }

        await context.DisposeOwnedAsync(_server.Log);
        var code = HasEnded ? _end.Status.StatusCode : status.StatusCode;
        if (activity is not null)
        {
            ServerActivity.End(activity, code);
            activity.Dispose();
        }

        _server.Metrics.CallEnded(_method, code, Stopwatch.GetElapsedTime(_startedAt),
            _requests?.Count ?? 1, _responses?.Count ?? (response is null ? 0 : 1));
        Finish(status, context.Trailers, response);
    }

    private async Task<TResponse?> DispatchAsync(InProcessServerCallContext context)
    {
        var bound = _bound!;
        switch (_method.Type)
        {
            case MethodType.Unary:
                return await bound.Unary!(_request!, context);
            case MethodType.ClientStreaming:
                return await bound.ClientStreaming!(ServerReader(), context);
            case MethodType.ServerStreaming:
                await bound.ServerStreaming!(_request!, ServerWriter(), context);
                return null;
            case MethodType.DuplexStreaming:
                await bound.DuplexStreaming!(ServerReader(), ServerWriter(), context);
                return null;
            default:
                throw new UnreachableException();
        }
    }

    private InProcessServerReader<TRequest> ServerReader() => new(_requests!, this);

    private InProcessServerWriter<TResponse> ServerWriter() => new(_responses!, this);

    private Activity? StartServerActivity()
    {
        if (!ServerActivity.Source.HasListeners())
            return null;
        var parent = _activity?.Context ?? default;
        var activity = ServerActivity.Source.StartActivity(_method.FullName[1..], ActivityKind.Server, parent);
        if (activity is not null)
            ServerActivity.Describe(activity, _method);
        return activity;
    }

    private void Finish(Status status, Metadata trailers, TResponse? response)
    {
        _end.SetHeaders(Metadata.Empty);
        _handlerStatus = status;
        _handlerTrailers = trailers;
        _requests?.Close();
        if (_responses is not null)
        {
            // The reader ends the call when it has read what was written before.
            _responses.Close();
            return;
        }

        if (End(status, trailers, completeResponse: false) && status.StatusCode == StatusCode.OK)
            _response!.SetResult(response!);
        else
            FailResponse();
    }

    private bool End(Status status, Metadata trailers, bool completeResponse = true)
    {
        if (!_end.TryEnd(status, trailers))
            return false;
        _guard.Dispose();
        GrpcClientTelemetry.End(_activity, _method, status.StatusCode, _startedAt);
        _requests?.Close();
        _responses?.Close();
        _end.FailHeaders(CreateException);
        _cancellation.Cancel();
        if (completeResponse)
            FailResponse();
        return true;
    }

    private void FailResponse()
    {
        if (_response is null || Interlocked.Exchange(ref _ended, 1) != 0)
            return;
        if (_response.TrySetException(CreateException()))
            _ = _response.Task.Exception; // A caller that dropped the call does not want to hear of it again.
    }
}
