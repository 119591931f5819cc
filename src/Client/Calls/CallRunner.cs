using Grpc.Core;

namespace Rag.Client;

/// <summary>Makes calls with a deadline and repeats those that may be. Thread-safe.</summary>
internal sealed class CallRunner
{
    private readonly RagClientOptions _options;

    public CallRunner(RagClientOptions options)
    {
        options.Retry.Validate();
        _options = options;
    }

    /// <summary>A unary call that can be repeated: a read, or a write with a request id.</summary>
    /// <exception cref="RagException">It failed for good.</exception>
    public Task<T> RunAsync<T>(Func<CallOptions, AsyncUnaryCall<T>> call, CancellationToken cancellationToken) =>
        RepeatAsync(async options => await call(options), _options.Timeout, cancellationToken);

    /// <summary>Any piece of work that can be repeated from its beginning.</summary>
    /// <param name="timeout">For all tries together; null: none.</param>
    public async Task<T> RepeatAsync<T>(
        Func<CallOptions, Task<T>> work, TimeSpan? timeout, CancellationToken cancellationToken)
    {
        DateTime? deadline = timeout is { } limit ? _options.Time.GetUtcNow().UtcDateTime + limit : null;
        for (var attempt = 1; ; attempt++)
        {
            RagException failure;
            try
            {
                return await work(new CallOptions(deadline: deadline, cancellationToken: cancellationToken));
            }
            catch (RpcException rpc)
            {
                // A caller who cancels expects the exception of a cancellation.
                cancellationToken.ThrowIfCancellationRequested();
                failure = RagException.From(rpc);
            }

            var pause = _options.Retry.PauseAfter(attempt, failure, Random.Shared.NextDouble());
            if (pause is null || (deadline is { } end && _options.Time.GetUtcNow().UtcDateTime + pause > end))
                throw failure;
            await Task.Delay(pause.Value, _options.Time, cancellationToken);
        }
    }

    /// <summary>A streaming call, which is never repeated.</summary>
    public static CallOptions Stream(CancellationToken cancellationToken) => new(cancellationToken: cancellationToken);
}
