using NATS.Client.Core;

namespace Rag.Hosting.Messaging;

/// <summary>
/// Tells other processes over a subject that it is worth looking now. A ring may get lost: whoever listens looks by
/// itself from time to time, too. Thread-safe.
/// </summary>
public sealed class Bell(INatsConnection connection, string subject)
{
    /// <summary>Never waits and never throws; does nothing while there is no connection.</summary>
    public void Ring()
    {
        if (connection.ConnectionState == NatsConnectionState.Open)
            _ = RingAsync();
    }

    private async Task RingAsync()
    {
        try
        {
            await connection.PublishAsync(subject);
        }
        catch (Exception lost) when (lost is NatsException or OperationCanceledException or ObjectDisposedException)
        {
            // The next look finds what this ring was about.
        }
    }
}
