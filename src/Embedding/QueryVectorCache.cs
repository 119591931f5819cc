using System.Collections.Concurrent;

namespace Rag.Embedding;

/// <summary>
/// Vectors of recent queries within a number of bytes. Reads take no lock; what has not been read since the hand of the
/// clock passed it goes first. Safe for concurrent use.
/// </summary>
/// <param name="capacityBytes">Most bytes, 0 for none; an entry's overhead is counted.</param>
internal sealed class QueryVectorCache(long capacityBytes)
{
    // Objects, dictionary node, queue slot: an estimate on the safe side.
    private const int EntryOverheadBytes = 200;

    private readonly ConcurrentDictionary<(EncoderKind Encoder, string Text), Entry> _entries = new();
    private readonly Queue<((EncoderKind Encoder, string Text) Key, Entry Entry)> _clock = new();
    private readonly Lock _gate = new();
    private long _bytes;

    /// <summary>Bytes held.</summary>
    public long Bytes
    {
        get
        {
            lock (_gate)
                return _bytes;
        }
    }

    /// <summary>Finds a vector.</summary>
    public bool TryGet(EncoderKind encoder, string text, out ReadOnlyMemory<float> vector)
    {
        if (_entries.TryGetValue((encoder, text), out var entry))
        {
            if (!entry.IsRecent)
                entry.IsRecent = true;
            vector = entry.Vector;
            return true;
        }

        vector = default;
        return false;
    }

    /// <summary>Keeps a vector, and drops others to make room.</summary>
    public void Add(EncoderKind encoder, string text, ReadOnlyMemory<float> vector)
    {
        var bytes = SizeOf(text, vector);
        // One huge query must not empty the cache.
        if (bytes > capacityBytes / 8)
            return;
        lock (_gate)
        {
            var entry = new Entry(vector);
            if (!_entries.TryAdd((encoder, text), entry))
                return;
            _clock.Enqueue(((encoder, text), entry));
            _bytes += bytes;
            while (_bytes > capacityBytes)
            {
                var oldest = _clock.Dequeue();
                if (oldest.Entry.IsRecent)
                {
                    oldest.Entry.IsRecent = false;
                    _clock.Enqueue(oldest);
                    continue;
                }

                _entries.TryRemove(oldest.Key, out _);
                _bytes -= SizeOf(oldest.Key.Text, oldest.Entry.Vector);
            }
        }
    }

    private static long SizeOf(string text, ReadOnlyMemory<float> vector) =>
        EntryOverheadBytes + ((long)text.Length * sizeof(char)) + ((long)vector.Length * sizeof(float));

    private sealed class Entry(ReadOnlyMemory<float> vector)
    {
        public ReadOnlyMemory<float> Vector { get; } = vector;

        /// <summary>Read since the hand passed; a lost update only costs one round of life.</summary>
        public bool IsRecent { get; set; }
    }
}
