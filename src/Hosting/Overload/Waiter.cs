using System.Threading.Tasks.Sources;

namespace Rag.Hosting.Overload;

/// <summary>
/// A search that waits for its turn; used again and again. Filled and taken by a queue under its lock; completed once, by
/// whoever took it, on whose thread the search then goes on.
/// </summary>
internal sealed class Waiter(Action<Waiter> recycle) : IValueTaskSource<DoorAnswer>
{
    private ManualResetValueTaskSourceCore<DoorAnswer> _core;

    /// <summary>The one behind it in its line.</summary>
    public Waiter? Next { get; set; }

    /// <summary>On the clock of <see cref="System.Diagnostics.Stopwatch"/>.</summary>
    public long Since { get; set; }

    /// <summary>UTC.</summary>
    public DateTime Deadline { get; set; }

    public CancellationToken Token { get; set; }

    public ValueTask<DoorAnswer> Task => new(this, _core.Version);

    public void Complete(DoorAnswer answer) => _core.SetResult(answer);

    public DoorAnswer GetResult(short token)
    {
        var answer = _core.GetResult(token);
        _core.Reset();
        (Next, Token) = (null, default);
        recycle(this);
        return answer;
    }

    public ValueTaskSourceStatus GetStatus(short token) => _core.GetStatus(token);

    public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _core.OnCompleted(continuation, state, token, flags);
}
