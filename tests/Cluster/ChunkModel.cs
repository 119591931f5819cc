namespace Rag.Cluster.Tests;

/// <summary>
/// What a server must hold after a crash: for each key the last acknowledged write, or, where a write was under way,
/// that or the unanswered one.
/// </summary>
internal sealed class ChunkModel
{
    private readonly Dictionary<string, int> _acknowledged = [];
    private readonly Dictionary<string, int> _unanswered = [];

    /// <summary>Stands for "deleted" among the numbers that stand for texts.</summary>
    public const int Absent = 0;

    public IEnumerable<string> Keys
    {
        get
        {
            lock (_acknowledged)
                return [.. _acknowledged.Keys.Union(_unanswered.Keys)];
        }
    }

    public void Begin(string key, int value)
    {
        lock (_acknowledged)
            _unanswered[key] = value;
    }

    public void Acknowledge(string key)
    {
        lock (_acknowledged)
        {
            _acknowledged[key] = _unanswered[key];
            _unanswered.Remove(key);
        }
    }

    public int Acknowledged(string key)
    {
        lock (_acknowledged)
            return _acknowledged.GetValueOrDefault(key, Absent);
    }

    /// <summary>Null if the server may hold <paramref name="found"/>; else what is wrong. Settles unanswered writes.</summary>
    public string? Check(string key, int found)
    {
        lock (_acknowledged)
        {
            var expected = _acknowledged.GetValueOrDefault(key, Absent);
            var settled = _unanswered.Remove(key, out var unanswered) && found == unanswered;
            if (!settled && found != expected)
                return $"{key}: found {found}, acknowledged {expected}, unanswered {unanswered}";
            _acknowledged[key] = found;
            return null;
        }
    }

    /// <summary>Keys that hold a chunk, once everything is settled.</summary>
    public IReadOnlyDictionary<string, int> Present()
    {
        lock (_acknowledged)
            return _acknowledged.Where(entry => entry.Value != Absent).ToDictionary(e => e.Key, e => e.Value);
    }
}
