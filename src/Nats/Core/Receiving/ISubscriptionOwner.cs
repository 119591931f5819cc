namespace NATS.Client.Core.Receiving;

/// <summary>What a subscription needs of its connection.</summary>
internal interface ISubscriptionOwner
{
    /// <summary>Tells the server and forgets it.</summary>
    void Remove(Subscription subscription);

    /// <summary>As <see cref="Remove"/>, after all that is on the way has been delivered.</summary>
    ValueTask DrainAsync(Subscription subscription, CancellationToken cancellationToken);

    void OnDropped(INatsSub subscription, int pending, long dropped, string subject);

    void OnSlow(INatsSub subscription);
}
