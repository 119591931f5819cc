using Rag.Hosting.Overload;
using Rag.Router.Errors;
using Rag.Router.Shards;
using Rag.Router.Workspaces;

namespace Rag.Router.Access;

/// <summary>
/// The door that every search and every count of facets passes once it is known who calls, one at a time, whether it came
/// alone, in a batch or over a stream; and what those are told that do not get in. Thread-safe.
/// </summary>
internal sealed class SearchAdmission(
    RouterOptions options, WorkspaceDirectory directory, ISearchThreads? threads = null) : IDisposable
{
    /// <summary>Refusals that differ only in when to come again.</summary>
    private const int Variants = 16;

    private readonly SearchDoor<string> _door = new(options.Overload, "router", threads);
    private readonly ReadyRefusal[] _overloaded = Ready(options,
        "More searches come than can be served, and this workspace has its share of those that wait: try again after the "
        + "retry delay, and send fewer at a time.");

    private readonly ReadyRefusal[] _full = Ready(options,
        "As many searches wait as may: try again after the retry delay, and send fewer at a time.");

    private readonly ReadyRefusal[] _wouldBeLate = Ready(options,
        "The deadline would pass before this search has its turn: allow more time, or try again after the retry delay.");

    private readonly ReadyRefusal[] _calls = Ready(options,
        "The router is serving as many calls as it may: slow down and try again.");

    private readonly ReadyRefusal _late = ReadyRefusal.Of(new RefusedException(
        RefusalKind.DeadlineExceeded, "The deadline passed before this search had its turn: allow more time."));

    private uint _next;

    /// <summary>Searches that wait.</summary>
    public int Queued => _door.Queued;

    /// <summary>What those are told that come when the router serves as many calls as it may.</summary>
    public ReadyRefusal TooManyCalls => Any(_calls);

    /// <summary>Lets a search in if that can be at once.</summary>
    public bool TryEnter() => _door.TryEnter();

    /// <summary>
    /// Lets a search in, at once or when its turn comes. Names that are not known yet share one line: who invents some has
    /// no more turns for it.
    /// </summary>
    public ValueTask<DoorAnswer> EnterAsync(string workspace, CallScope scope) => _door.EnterAsync(
        directory.TryGet(workspace, out var known) ? known.Name : "", scope.Deadline, scope.Token);

    /// <summary>What to tell one that was not let in.</summary>
    /// <exception cref="OperationCanceledException">Its caller has given up.</exception>
    public ReadyRefusal RefusalFor(DoorAnswer answer, CallScope scope)
    {
        switch (answer)
        {
            case DoorAnswer.Overloaded:
                return Any(_overloaded);
            case DoorAnswer.WouldBeLate:
                return Any(_wouldBeLate);
            case DoorAnswer.Late:
                return _late;
            case DoorAnswer.Cancelled:
                scope.Token.ThrowIfCancellationRequested();
                goto default;
            default:
                return Any(_full);
        }
    }

    public void Dispose() => _door.Dispose();

    private static ReadyRefusal[] Ready(RouterOptions options, string sentence)
    {
        var ready = new ReadyRefusal[Variants];
        for (var i = 0; i < Variants; i++)
        {
            var delay = options.Overload.RetryDelayAt((double)i / (Variants - 1));
            ready[i] = ReadyRefusal.Of(new RefusedException(RefusalKind.ResourceExhausted, sentence, retryAfter: delay));
        }

        return ready;
    }

    private ReadyRefusal Any(ReadyRefusal[] ready) => ready[Interlocked.Increment(ref _next) % Variants];
}
