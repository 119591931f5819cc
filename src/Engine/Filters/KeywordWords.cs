using System.Text;
using Rag.Engine.Sparse;

namespace Rag.Engine.Filters;

/// <summary>
/// Which strings of a dictionary have which words. Made when a filter asks for words under a key for the first time, and
/// caught up with what came since by each one that asks; keys that nobody searches by words cost nothing. Thread-safe:
/// those that ask wait for each other, the writer waits for nobody.
/// </summary>
internal sealed class KeywordWords(KeywordDictionary dictionary)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<ulong, List<int>> _numbers = [];
    private long _memoryBytes = 200;
    private AnalyzerPool? _analyzers;
    private int _upTo;

    public long MemoryBytes => Volatile.Read(ref _memoryBytes);

    /// <summary>Adds the numbers of the strings that have all of the words, or any of them.</summary>
    public void Collect(ReadOnlySpan<ulong> words, bool all, AnalyzerPool analyzers, RowBitmap to)
    {
        lock (_lock)
        {
            if (_analyzers != analyzers)
            {
                // The workspace's language changed: the same strings have other words now.
                _numbers.Clear();
                (_analyzers, _upTo) = (analyzers, 0);
                Volatile.Write(ref _memoryBytes, 200);
            }

            CatchUp(analyzers);
            for (var i = 0; i < words.Length; i++)
            {
                var numbers = _numbers.GetValueOrDefault(words[i]);
                if (!all || i == 0)
                {
                    Add(numbers, to);
                    continue;
                }

                using var others = RowBitmap.Rent(to.RowLimit);
                Add(numbers, others);
                to.IntersectWith(others);
            }
        }
    }

    private static void Add(List<int>? numbers, RowBitmap to)
    {
        if (numbers is null)
            return;
        foreach (var number in numbers)
        {
            // Strings that came after the set was made belong to rows that are not seen yet.
            if (number < to.RowLimit)
                to.Add(number);
        }
    }

    private void CatchUp(AnalyzerPool analyzers)
    {
        var count = dictionary.Count;
        if (_upTo == count)
            return;
        var analyzer = analyzers.Rent();
        while (_upTo < count)
        {
            var text = Encoding.UTF8.GetString(dictionary[++_upTo]);
            foreach (var word in SparseQuery.FromText(analyzer, text).Keys)
            {
                ref var numbers = ref System.Runtime.InteropServices.CollectionsMarshal.GetValueRefOrAddDefault(
                    _numbers, word, out var known);
                (numbers ??= []).Add(_upTo);
                Volatile.Write(ref _memoryBytes, _memoryBytes + (known ? 6 : 100));
            }
        }

        analyzers.Return(analyzer);
    }
}
