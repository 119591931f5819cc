using System.Threading.Channels;
using NATS.Client.Core;

namespace Rag.Hosting.Messaging;

/// <summary>Hears a <see cref="Bell"/>. Several may wait; each ring wakes all who wait then. Thread-safe.</summary>
public sealed class BellListener(INatsConnection connection, string subject, TimeProvider time)
{
    private static readonly TimeSpan RetryPause = TimeSpan.FromSeconds(1);

    private volatile TaskCompletionSource _ring = NewSource();

    /// <summary>Listens until it is cancelled, over lost connections.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        // Rings that come together are one: what does not fit is dropped.
        var opts = new NatsSubOpts
        {
            ChannelOpts = new NatsSubChannelOpts { Capacity = 256, FullMode = BoundedChannelFullMode.DropOldest },
        };
        while (true)
        {
            try
            {
                await foreach (var _ in connection.SubscribeAsync<byte[]>(
                    subject, opts: opts, cancellationToken: cancellationToken))
                    Set();
            }
            catch (NatsException)
            {
                // Whoever waits looks by itself meanwhile.
            }

            await Task.Delay(RetryPause, time, cancellationToken);
        }
    }

    /// <summary>Wakes all who wait.</summary>
    public void Set()
    {
        var ring = _ring;
        _ring = NewSource();
        ring.TrySetResult();
    }

    /// <summary>Returns at the next ring after this call, or when the time is over.</summary>
    public Task WaitAsync(TimeSpan longest, CancellationToken cancellationToken) =>
        WaitAsync(_ring.Task, longest, cancellationToken);

    private async Task WaitAsync(Task ring, TimeSpan longest, CancellationToken cancellationToken)
    {
        try
        {
            await ring.WaitAsync(longest, time, cancellationToken);
        }
        catch (TimeoutException)
        {
            // Time to look without a ring.
        }
    }

    private static TaskCompletionSource NewSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
