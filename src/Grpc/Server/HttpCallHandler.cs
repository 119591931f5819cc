using System.Diagnostics;
using Grpc.Core;
using Grpc.Framing;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Grpc.AspNetCore.Server;

/// <summary>Serves the HTTP requests of one method. Thread-safe.</summary>
internal abstract class HttpCallHandler
{
    public abstract Task HandleAsync(HttpContext http);
}

/// <inheritdoc/>
internal sealed class HttpCallHandler<TRequest, TResponse>(
    ServerMethod<TRequest, TResponse> bound, MethodSettings settings, CallHost host)
    : HttpCallHandler
    where TRequest : class
    where TResponse : class
{
    private readonly Method<TRequest, TResponse> _method = bound.Method;

    public override Task HandleAsync(HttpContext http) => GrpcRequestCheck.TryRefuse(http, host.Log)
        ? Task.CompletedTask
        : ServeAsync(new HttpServerCallContext(http, _method, settings, host));

    private async Task ServeAsync(HttpServerCallContext call)
    {
        var started = Stopwatch.GetTimestamp();
        host.Metrics.CallStarted(_method);
        var activity = call.Http.Features.Get<IHttpActivityFeature>()?.Activity;
        if (activity is not null)
            ServerActivity.Describe(activity, _method);
        HttpRequestStream<TRequest>? requests = null;
        HttpResponseStream<TResponse>? responses = null;
        Status status;
        try
        {
            call.Begin();
            requests = new HttpRequestStream<TRequest>(call, _method.RequestMarshaller.ContextualDeserializer);
            responses = new HttpResponseStream<TResponse>(call, _method.ResponseMarshaller.ContextualSerializer);
            await DispatchAsync(call, requests, responses);
            status = call.Status;
        }
        catch (Exception e)
        {
            status = HandlerFailure.ToStatus(e, call, settings.DetailedErrors, host.Log);
        }

        requests?.Release();
        await call.EndAsync(status);
        await call.DisposeOwnedAsync(host.Log);
        var code = call.IsDeadlineExceeded ? StatusCode.DeadlineExceeded
            : call.IsCancelled && status.StatusCode == StatusCode.OK ? StatusCode.Cancelled
            : status.StatusCode;
        if (activity is not null)
            ServerActivity.End(activity, code);
        host.Metrics.CallEnded(
            _method, code, Stopwatch.GetElapsedTime(started), requests?.Count ?? 0, responses?.Count ?? 0);
    }

    private async Task DispatchAsync(
        HttpServerCallContext call, HttpRequestStream<TRequest> requests, HttpResponseStream<TResponse> responses)
    {
        switch (_method.Type)
        {
            case MethodType.Unary:
                var answer = await bound.Unary!(await requests.ReadSingleAsync(), call);
                // A handler that has set a failure as status need not pay for an exception; its message is for nobody.
                if (call.Status.StatusCode == StatusCode.OK)
                    responses.WriteSingle(answer);
                break;
            case MethodType.ClientStreaming:
                responses.WriteSingle(await bound.ClientStreaming!(requests, call));
                break;
            case MethodType.ServerStreaming:
                await bound.ServerStreaming!(await requests.ReadSingleAsync(), responses, call);
                break;
            case MethodType.DuplexStreaming:
                await bound.DuplexStreaming!(requests, responses, call);
                break;
            default:
                throw new UnreachableException();
        }
    }
}
