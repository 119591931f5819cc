using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace Rag.Tokenization.Bert;

/// <summary>Lays sorted keys out as a double array, first fit.</summary>
internal sealed class WordTrieBuilder
{
    private const int FirstFree = 3;

    private WordTrie.Node[] _nodes = NewNodes(1 << 16, 0, []);
    private int _searchFrom = FirstFree;
    private int _used = FirstFree;

    /// <summary>Adds keys below a root; a key that comes twice keeps the last id.</summary>
    public void Insert(int root, List<(byte[] Key, int Id)> keys)
    {
        Sort(keys);
        var pending = new Queue<(int State, int From, int To, int Depth)>();
        pending.Enqueue((root, 0, keys.Count, 0));
        var bytes = new List<byte>(256);
        var starts = new List<int>(257);
        while (pending.TryDequeue(out var range))
        {
            var from = range.From;
            while (from < range.To && keys[from].Key.Length == range.Depth)
                _nodes[range.State].Id = keys[from++].Id;
            if (from == range.To)
                continue;

            bytes.Clear();
            starts.Clear();
            for (var i = from; i < range.To; i++)
            {
                if (bytes.Count == 0 || bytes[^1] != keys[i].Key[range.Depth])
                {
                    bytes.Add(keys[i].Key[range.Depth]);
                    starts.Add(i);
                }
            }

            starts.Add(range.To);
            var offset = FindBase(bytes);
            _nodes[range.State].Base = offset;
            for (var i = 0; i < bytes.Count; i++)
            {
                var child = offset + bytes[i];
                _nodes[child].Check = range.State;
                _used = Math.Max(_used, child + 1);
                pending.Enqueue((child, starts[i], starts[i + 1], range.Depth + 1));
            }
        }
    }

    /// <summary>The finished array.</summary>
    public WordTrie.Node[] Nodes() => _nodes.AsSpan(0, _used).ToArray();

    /// <summary>
    /// By the first eight bytes as a number, and only those of equal beginnings by comparison: a vocabulary of 30,000
    /// would take half a million comparisons otherwise.
    /// </summary>
    private static void Sort(List<(byte[] Key, int Id)> keys)
    {
        var items = keys.ToArray();
        var prefixes = new ulong[items.Length];
        Span<byte> padded = stackalloc byte[8];
        for (var i = 0; i < items.Length; i++)
        {
            padded.Clear();
            items[i].Key.AsSpan(0, Math.Min(8, items[i].Key.Length)).CopyTo(padded);
            prefixes[i] = BinaryPrimitives.ReadUInt64BigEndian(padded);
        }

        Array.Sort(prefixes, items);
        for (var from = 0; from < items.Length;)
        {
            var to = from + 1;
            while (to < items.Length && prefixes[to] == prefixes[from])
                to++;
            if (to - from > 1)
                items.AsSpan(from, to - from).Sort(static (a, b) => a.Key.AsSpan().SequenceCompareTo(b.Key));
            from = to;
        }

        keys.Clear();
        keys.AddRange(items);
    }

    private static WordTrie.Node[] NewNodes(int length, int keep, WordTrie.Node[] old)
    {
        var nodes = new WordTrie.Node[length];
        Array.Copy(old, nodes, keep);
        for (var i = keep; i < length; i++)
            nodes[i] = new WordTrie.Node { Check = -1, Id = -1 };
        return nodes;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private int FindBase(List<byte> bytes)
    {
        // Bases are positive, so that a child is never below the roots.
        var position = Math.Max(_searchFrom, bytes[0] + 1);
        var taken = 0;
        for (; ; position++)
        {
            EnsureLength(position + 257);
            if (_nodes[position].Check != -1)
            {
                taken++;
                continue;
            }

            if (Fits(position - bytes[0], bytes))
            {
                // A region that is nearly full is not searched again.
                if (taken > 64 && taken > (position - _searchFrom) * 9 / 10)
                    _searchFrom = position;
                return position - bytes[0];
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool Fits(int offset, List<byte> bytes)
    {
        foreach (var value in bytes)
        {
            if (offset + value < FirstFree || _nodes[offset + value].Check != -1)
                return false;
        }

        return true;
    }

    private void EnsureLength(int length)
    {
        if (length > _nodes.Length)
            _nodes = NewNodes(Math.Max(length, _nodes.Length * 2), _nodes.Length, _nodes);
    }
}
