namespace Rag.Engine.Sparse;

/// <summary>
/// Finds the places of a query's terms in a text, by the very analysis that made the terms of the index. Function words
/// count only where nothing else of the query is found. Not thread-safe.
/// </summary>
internal sealed class MatchFinder
{
    private readonly TextAnalyzer _analyzer;
    private readonly Dictionary<ulong, int> _terms;
    private readonly List<TermPlace> _words = [];
    private readonly List<TermPlace> _functionWords = [];

    public MatchFinder(TextAnalyzer analyzer, SparseQuery query)
    {
        _analyzer = analyzer;
        _terms = new Dictionary<ulong, int>(query.Keys.Length);
        for (var i = 0; i < query.Keys.Length; i++)
            _terms.Add(query.Keys[i], i);
    }

    /// <summary>Terms are numbered below this.</summary>
    public int TermCount => _terms.Count;

    /// <summary>The places of the query's terms, by rising start, longer ones first; good until the next call.</summary>
    public List<TermPlace> Find(ReadOnlySpan<char> text)
    {
        _words.Clear();
        _functionWords.Clear();
        _analyzer.TracksPlaces = true;
        try
        {
            var sink = new Sink(this);
            _analyzer.Analyze(text, ref sink);
        }
        finally
        {
            _analyzer.TracksPlaces = false;
        }

        var found = _words.Count > 0 ? _words : _functionWords;
        found.Sort(static (left, right) =>
            left.Start != right.Start ? left.Start.CompareTo(right.Start) : right.End.CompareTo(left.End));
        return found;
    }

    private void Add(ReadOnlySpan<char> term, List<TermPlace> to)
    {
        if (!_terms.TryGetValue(TermKey.Of(term), out var number))
            return;
        var (start, end) = _analyzer.Place;
        to.Add(new TermPlace(start, end, number));
    }

    private readonly struct Sink(MatchFinder finder) : ITermSink
    {
        public void AddWord(scoped ReadOnlySpan<char> term) => finder.Add(term, finder._words);

        public void AddWhole(scoped ReadOnlySpan<char> term) => finder.Add(term, finder._words);

        public void AddFunctionWord(scoped ReadOnlySpan<char> term) => finder.Add(term, finder._functionWords);
    }
}

/// <summary>Where a term stands in a text.</summary>
/// <param name="Term">Its number in the query.</param>
internal readonly record struct TermPlace(int Start, int End, int Term);
