namespace Rag.Engine.Sparse;

/// <summary>
/// What is searched for: different terms in the order of their first occurrence, each with its count (from text) or
/// weight (from a sparse vector). Immutable.
/// </summary>
public sealed class SparseQuery
{
    /// <summary>Most terms of a query; of a longer text the first ones count.</summary>
    public const int MaxTerms = 1024;

    // Questions are full of them ("what articles exist which deal with …"). A quarter was as good as leaving them out or
    // better on each of five public collections, and what consists of nothing else is still found.
    private const float FunctionWordWeight = 0.25f;

    private readonly ulong[] _keys;
    private readonly float[] _weights;

    private SparseQuery(ulong[] keys, float[] weights, bool isText)
    {
        _keys = keys;
        _weights = weights;
        IsText = isText;
    }

    /// <summary>Whether it came from text, to be scored by BM25; else by inner product.</summary>
    public bool IsText { get; }

    /// <summary>The terms' keys.</summary>
    public ReadOnlySpan<ulong> Keys => _keys;

    /// <summary>Counts or weights, one for each key.</summary>
    public ReadOnlySpan<float> Weights => _weights;

    /// <summary>A query of a sparse vector.</summary>
    /// <param name="terms">Different terms with weights above 0 and at most 65,504; at most
    /// <see cref="MaxTerms"/>.</param>
    /// <exception cref="ArgumentException">A term stands twice, a weight is out of range, or there are too
    /// many.</exception>
    public static SparseQuery FromVector(IReadOnlyList<KeyValuePair<uint, float>> terms)
    {
        ArgumentNullException.ThrowIfNull(terms);
        if (terms.Count > MaxTerms)
            throw new ArgumentException($"The query has {terms.Count} terms; {MaxTerms} are the most.");
        var seen = new HashSet<uint>();
        foreach (var (term, weight) in terms)
        {
            if (!(weight > 0) || weight > (float)Half.MaxValue)
                throw new ArgumentException($"The weight {weight} of term {term} is out of range: it is above 0 and at most 65504.");
            if (!seen.Add(term))
                throw new ArgumentException($"Term {term} stands in the query twice.");
        }

        return new SparseQuery([.. terms.Select(term => (ulong)term.Key)], [.. terms.Select(term => term.Value)], false);
    }

    /// <summary>A query of a sparse vector that is known to be right.</summary>
    internal static SparseQuery FromVector(SparseVector vector) =>
        new(Array.ConvertAll(vector.Indices.ToArray(), static index => (ulong)index), vector.Weights.ToArray(), false);

    /// <summary>A query of text.</summary>
    internal static SparseQuery FromText(TextAnalyzer analyzer, ReadOnlySpan<char> text)
    {
        var sink = new Sink([], [], []);
        analyzer.Analyze(text, ref sink);
        return new SparseQuery([.. sink.Keys], [.. sink.Counts], true);
    }

    private readonly struct Sink(Dictionary<ulong, int> places, List<ulong> keys, List<float> counts) : ITermSink
    {
        public List<ulong> Keys => keys;

        public List<float> Counts => counts;

        public void AddWord(scoped ReadOnlySpan<char> term) => Add(term, 1);

        public void AddWhole(scoped ReadOnlySpan<char> term) => Add(term, 1);

        public void AddFunctionWord(scoped ReadOnlySpan<char> term) => Add(term, FunctionWordWeight);

        private void Add(scoped ReadOnlySpan<char> term, float count)
        {
            var key = TermKey.Of(term);
            if (places.TryGetValue(key, out var place))
            {
                counts[place] += count;
            }
            else if (keys.Count < MaxTerms)
            {
                places.Add(key, keys.Count);
                keys.Add(key);
                counts.Add(count);
            }
        }
    }
}
