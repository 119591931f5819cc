using Rag.Engine;

namespace Rag.Shard.Tests.Replication;

/// <summary>
/// Writes to each of some keys one after the other, so that it is known which write was the last; where one was not
/// answered, another key takes its place.
/// </summary>
internal sealed class SequentialKeys(ReplicaWorld world)
{
    private const int Slots = 24;

    private readonly Lock _lock = new();
    private readonly Dictionary<(int Partition, byte Key), byte> _last = [];
    private readonly Dictionary<(int Partition, int Slot), int> _generations = [];
    private readonly HashSet<(int Partition, int Slot)> _busy = [];

    /// <summary>Writes to any key of two partitions that rests.</summary>
    public async Task TryWriteAsync(string shard, Random random)
    {
        var slot = (Partition: random.Next(2), Slot: random.Next(Slots));
        byte key;
        byte value;
        lock (_lock)
        {
            if (!_busy.Add(slot))
                return;
            key = (byte)(slot.Slot + Slots * _generations.GetValueOrDefault(slot));
            value = (byte)(_last.GetValueOrDefault((slot.Partition, key)) + 1);
        }

        var isKnown = true;
        try
        {
            await world.WriteAsync(shard, slot.Partition, key, value);
        }
        catch (StoreException)
        {
            // The shard was stopped: it may have been written or not.
            isKnown = false;
        }

        lock (_lock)
        {
            if (isKnown)
                _last[(slot.Partition, key)] = value;
            else
                _last.Remove((slot.Partition, key));
            if (!isKnown)
                _generations[slot] = _generations.GetValueOrDefault(slot) + 1;
            _busy.Remove(slot);
        }
    }

    /// <summary>Keys that have another value than the last that was acknowledged.</summary>
    public List<string> Wrong()
    {
        lock (_lock)
        {
            return
            [
                .. _last.Select(one => (one.Key, Last: one.Value, Found: world.ValueOf("s0", one.Key.Partition, one.Key.Key)))
                    .Where(one => one.Last != one.Found).Select(one => $"{one.Key} is {one.Found} and was last {one.Last}"),
            ];
        }
    }
}
