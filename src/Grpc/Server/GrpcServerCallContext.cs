using Grpc.Core;
using Microsoft.Extensions.Logging;

namespace Grpc.AspNetCore.Server;

/// <summary>What calls have in common whatever carries them: services, owned objects, and why they ended.</summary>
internal abstract class GrpcServerCallContext : ServerCallContext
{
    private static readonly object SelfKey = new();

    private Dictionary<object, object>? _userState;
    private List<object>? _owned;

    /// <summary>The services of this call.</summary>
    public abstract IServiceProvider Services { get; }

    /// <summary>Whether the deadline has ended the call.</summary>
    public abstract bool IsDeadlineExceeded { get; }

    /// <summary>Whether the caller went away or gave up.</summary>
    public abstract bool IsCancelled { get; }

    /// <summary>Whether the server stops.</summary>
    public abstract bool IsStopping { get; }

    /// <summary>Whether the last request message came compressed.</summary>
    public virtual bool LastRequestWasCompressed => false;

    protected override IDictionary<object, object> UserStateCore =>
        _userState ??= new Dictionary<object, object> { [SelfKey] = this };

    /// <summary>The call behind a context, also where an interceptor has wrapped it.</summary>
    public static GrpcServerCallContext Of(ServerCallContext context) =>
        context as GrpcServerCallContext
        ?? (context.UserState.TryGetValue(SelfKey, out var self) ? self as GrpcServerCallContext : null)
        ?? throw new InvalidOperationException("This call is not served by this library.");

    /// <summary>Keeps an object that is disposed when the call ends.</summary>
    public object Own(object instance)
    {
        if (instance is IDisposable or IAsyncDisposable)
            (_owned ??= []).Add(instance);
        return instance;
    }

    /// <summary>Disposes what the call owns, last first; failures are logged.</summary>
    public ValueTask DisposeOwnedAsync(ILogger log) => _owned is null ? default : DisposeAllAsync(_owned, log);

    private async ValueTask DisposeAllAsync(List<object> owned, ILogger log)
    {
        for (var i = owned.Count - 1; i >= 0; i--)
        {
            try
            {
                if (owned[i] is IAsyncDisposable asynchronous)
                    await asynchronous.DisposeAsync();
                else
                    ((IDisposable)owned[i]).Dispose();
            }
            catch (Exception e)
            {
                GrpcServerLog.DisposeFailed(log, Method, e);
            }
        }
    }
}
