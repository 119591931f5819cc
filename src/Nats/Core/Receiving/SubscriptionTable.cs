using System.Collections.Concurrent;

namespace NATS.Client.Core.Receiving;

/// <summary>The subscriptions of a connection by their numbers, which are never used again. Thread-safe.</summary>
internal sealed class SubscriptionTable
{
    private readonly ConcurrentDictionary<long, Subscription> _bySid = new();
    private long _lastSid;

    public IEnumerable<Subscription> All => _bySid.Values;

    public void Add(Subscription subscription)
    {
        subscription.Sid = Interlocked.Increment(ref _lastSid);
        _bySid[subscription.Sid] = subscription;
    }

    public bool Remove(Subscription subscription) => _bySid.TryRemove(KeyValuePair.Create(subscription.Sid, subscription));

    public Subscription? Find(long sid) => _bySid.GetValueOrDefault(sid);

    public void EndAll(Exception? reason)
    {
        foreach (var subscription in _bySid.Values)
        {
            _bySid.TryRemove(subscription.Sid, out _);
            subscription.End(reason);
        }
    }
}
