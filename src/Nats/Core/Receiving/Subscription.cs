using NATS.Client.Core.Protocol;

namespace NATS.Client.Core.Receiving;

/// <summary>What a connection knows of a subscription. Delivery happens on the reading task, one at a time.</summary>
internal abstract class Subscription(string subject, string? queueGroup, int? maxMsgs)
{
    private int _received;

    public long Sid { get; set; }

    public string Subject { get; } = subject;

    public string? QueueGroup { get; } = queueGroup;

    /// <summary>Messages that may still come; null is no limit.</summary>
    public int? Remaining => maxMsgs - Volatile.Read(ref _received);

    /// <summary>Counts a message; true where it is the last one.</summary>
    public bool CountOne() => ++_received >= maxMsgs;

    /// <summary>Takes a message; false where it holds it until there is room (<see cref="WaitForRoomAsync"/>).</summary>
    public abstract bool Deliver(in MessageFrame frame);

    /// <summary>Ends when the message held back has found room.</summary>
    public virtual ValueTask WaitForRoomAsync() => default;

    /// <summary>No message comes any more. Called once or more often.</summary>
    public abstract void End(Exception? reason);
}
