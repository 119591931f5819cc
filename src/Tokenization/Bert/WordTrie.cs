using System.Runtime.CompilerServices;
using System.Text;

namespace Rag.Tokenization.Bert;

/// <summary>
/// Double-array trie over the UTF-8 bytes of the vocabulary, for the greedy longest match. Two roots: entries that open
/// a word, and entries that continue one, stored without their prefix ("##"). Immutable.
/// </summary>
/// <remarks>
/// Child of state s by byte b is <c>t = Base[s] + b</c> if <c>Check[t] == s</c>. An end of match is always an end of a
/// character, because both the entries and the words are whole UTF-8 sequences.
/// </remarks>
internal sealed class WordTrie
{
    /// <summary>State before the first byte of a word.</summary>
    public const int InitialRoot = 1;

    /// <summary>State before the first byte of a continuation.</summary>
    public const int ContinuationRoot = 2;

    private readonly Node[] _nodes;

    private WordTrie(Node[] nodes) => _nodes = nodes;

    /// <summary>Builds the trie; <paramref name="vocabulary"/>[id] is the token of that id.</summary>
    public static WordTrie Build(IReadOnlyList<string?> vocabulary, string continuingPrefix)
    {
        var initial = new List<(byte[] Key, int Id)>();
        var continuing = new List<(byte[] Key, int Id)>();
        for (var id = 0; id < vocabulary.Count; id++)
        {
            var token = vocabulary[id];
            if (string.IsNullOrEmpty(token))
                continue;
            initial.Add((Encoding.UTF8.GetBytes(token), id));
            if (continuingPrefix.Length == 0)
                continuing.Add((Encoding.UTF8.GetBytes(token), id));
            else if (token.Length > continuingPrefix.Length && token.StartsWith(continuingPrefix, StringComparison.Ordinal))
                continuing.Add((Encoding.UTF8.GetBytes(token[continuingPrefix.Length..]), id));
        }

        var builder = new WordTrieBuilder();
        builder.Insert(InitialRoot, initial);
        builder.Insert(ContinuationRoot, continuing);
        return new WordTrie(builder.Nodes());
    }

    /// <summary>Longest entry that <paramref name="bytes"/> begins with.</summary>
    /// <returns>Its length in bytes, 0 if there is none.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int LongestMatch(ReadOnlySpan<byte> bytes, int root, out int id)
    {
        var nodes = _nodes;
        var state = root;
        var length = 0;
        id = -1;
        for (var i = 0; i < bytes.Length; i++)
        {
            var next = nodes[state].Base + bytes[i];
            if ((uint)next >= (uint)nodes.Length || nodes[next].Check != state)
                break;
            state = next;
            if (nodes[next].Id >= 0)
            {
                id = nodes[next].Id;
                length = i + 1;
            }
        }

        return length;
    }

    internal struct Node
    {
        public int Base;
        public int Check;
        public int Id;
    }
}
