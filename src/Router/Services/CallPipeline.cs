using System.Diagnostics;
using Grpc.Core;
using Microsoft.Extensions.Logging;
using Rag.Hosting.Overload;
using Rag.Router.Access;
using Rag.Router.Errors;
using Rag.Router.Shards;

namespace Rag.Router.Services;

/// <summary>
/// What every call passes: the access gate, the limit of calls at a time, the deadline, metrics, and the turning of
/// failures into statuses. Thread-safe.
/// </summary>
internal sealed class CallPipeline(
    AccessGate gate, SearchAdmission admission, RouterOptions options, RouterMetrics metrics,
    ILogger<CallPipeline> logger)
{
    private int _active;

    /// <summary>Serves a call with one answer.</summary>
    /// <param name="workspace">The workspace's name; empty where the call is about none.</param>
    /// <param name="handler">A static lambda or method group that is cached by its caller.</param>
    public async Task<TResponse> RunAsync<TState, TRequest, TResponse>(
        TRequest request, ServerCallContext context, string workspace, WorkspaceAction action, TState state,
        Func<TState, TRequest, CallScope, Task<TResponse>> handler)
    {
        var started = Begin();
        var status = StatusCode.OK;
        try
        {
            Admit();
            gate.Authorize(context, workspace, action);
            return await handler(state, request, ScopeOf(context));
        }
        catch (Exception failure)
        {
            throw Translate(failure, context, out status);
        }
        finally
        {
            End(context, status, started);
        }
    }

    /// <summary>
    /// Serves a call that searches: it waits for its turn where more come than can be served, and a refusal costs no
    /// exception.
    /// </summary>
    /// <param name="handler">A static lambda or method group that is cached by its caller.</param>
    /// <param name="refused">The same; lets go of the request and gives something to return, which is not sent.</param>
    public async Task<TResponse> RunSearchAsync<TState, TRequest, TResponse>(
        TRequest request, ServerCallContext context, string workspace, TState state,
        Func<TState, TRequest, CallScope, Task<TResponse>> handler, Func<TRequest, TResponse> refused)
    {
        var started = Begin();
        var status = StatusCode.OK;
        try
        {
            if (IsFull())
                return Refused(admission.TooManyCalls);
            gate.Authorize(context, workspace, WorkspaceAction.Search);
            var scope = ScopeOf(context);
            var answer = await admission.EnterAsync(workspace, scope);
            return answer == DoorAnswer.Admitted
                ? await handler(state, request, scope)
                : Refused(admission.RefusalFor(answer, scope));
        }
        catch (Exception failure)
        {
            throw Translate(failure, context, out status);
        }
        finally
        {
            End(context, status, started);
        }

        TResponse Refused(ReadyRefusal refusal)
        {
            refusal.Answer(context);
            status = refusal.Code;
            return refused(request);
        }
    }

    /// <summary>
    /// Serves a call whose workspace is only known from its messages; the handler asks the gate by itself. Such a call
    /// has no deadline but the caller's.
    /// </summary>
    public async Task<TResponse> RunStreamAsync<TResponse>(
        ServerCallContext context, Func<CallScope, Task<TResponse>> handler)
    {
        var started = Begin();
        var status = StatusCode.OK;
        try
        {
            Admit();
            return await handler(new CallScope(context.Deadline, context.CancellationToken));
        }
        catch (Exception failure)
        {
            throw Translate(failure, context, out status);
        }
        finally
        {
            End(context, status, started);
        }
    }

    /// <summary>The gate, for handlers that learn of the workspace late.</summary>
    public Caller Authorize(ServerCallContext context, string workspace, WorkspaceAction action) =>
        gate.Authorize(context, workspace, action);

    /// <summary>The status that an item of a stream or batch ends with.</summary>
    public RpcException Translate(Exception failure, ServerCallContext context, DateTime deadline)
    {
        if (RouterStatus.Map(failure, deadline) is { } known)
            return known;
        RouterLog.Unexpected(logger, context.Method, failure);
        return RouterStatus.Unexpected();
    }

    private CallScope ScopeOf(ServerCallContext context)
    {
        var deadline = context.Deadline;
        return new CallScope(
            deadline == DateTime.MaxValue ? DateTime.UtcNow + options.DefaultTimeout : deadline,
            context.CancellationToken);
    }

    private long Begin()
    {
        metrics.CallStarted();
        Interlocked.Increment(ref _active);
        return Stopwatch.GetTimestamp();
    }

    private void Admit()
    {
        if (IsFull())
            throw Refuse.Exhausted("The router is serving as many calls as it may: slow down and try again.");
    }

    private bool IsFull()
    {
        if (Volatile.Read(ref _active) <= options.MaxConcurrentCalls)
            return false;
        metrics.Overloaded();
        return true;
    }

    private RpcException Translate(Exception failure, ServerCallContext context, out StatusCode status)
    {
        var error = Translate(failure, context, context.Deadline);
        status = error.StatusCode;
        return error;
    }

    private void End(ServerCallContext context, StatusCode status, long started)
    {
        Interlocked.Decrement(ref _active);
        metrics.CallEnded(context.Method, status, started);
    }
}
