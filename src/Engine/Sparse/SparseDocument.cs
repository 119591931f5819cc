using System.Runtime.InteropServices;

namespace Rag.Engine.Sparse;

/// <summary>
/// Terms of one document as an index takes them: from analysed text, field by field, or from a caller's sparse vector.
/// Reused for one document after the other; not thread-safe.
/// </summary>
public sealed class SparseDocument
{
    private readonly Dictionary<ulong, int> _places = [];
    private readonly List<ulong> _keys = [];
    private readonly List<ushort> _payloads = [];

    /// <summary>Different terms.</summary>
    public int Count => _keys.Count;

    /// <summary>Words of all fields, each as often as its field's boost says; function words are not
    /// counted.</summary>
    public int Length { get; private set; }

    internal ReadOnlySpan<ulong> Keys => CollectionsMarshal.AsSpan(_keys);

    internal ReadOnlySpan<ushort> Payloads => CollectionsMarshal.AsSpan(_payloads);

    /// <summary>Forgets all.</summary>
    public void Clear()
    {
        _places.Clear();
        _keys.Clear();
        _payloads.Clear();
        Length = 0;
    }

    /// <summary>
    /// Adds a field: each of its words counts <paramref name="boost"/> times, in the term's frequency and in the
    /// document's length, which is BM25F with one length normalisation for all fields.
    /// </summary>
    /// <param name="analyzer">What makes terms of the text.</param>
    /// <param name="text">The field.</param>
    /// <param name="boost">1 to 100.</param>
    internal void AddText(TextAnalyzer analyzer, ReadOnlySpan<char> text, int boost)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(boost, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(boost, 100);
        var sink = new Sink(this, boost);
        analyzer.Analyze(text, ref sink);
    }

    /// <summary>Adds an entry of a sparse vector.</summary>
    /// <param name="term">The caller's number for the term; each stands once.</param>
    /// <param name="weight">Greater than 0, at most 65,504; kept with 11 bits of precision.</param>
    /// <exception cref="ArgumentException">The weight is out of range, or the term stands twice.</exception>
    public void AddWeight(uint term, float weight)
    {
        if (!(weight > 0) || weight > (float)Half.MaxValue)
            throw new ArgumentException($"The weight {weight} of term {term} is out of range: it is above 0 and at most 65504.");
        if (!_places.TryAdd(term, _keys.Count))
            throw new ArgumentException($"Term {term} stands in the vector twice.");
        _keys.Add(term);
        _payloads.Add(Math.Max((ushort)1, BitConverter.HalfToUInt16Bits((Half)weight)));
    }

    private void AddTerm(ulong key, int boost)
    {
        ref var place = ref CollectionsMarshal.GetValueRefOrAddDefault(_places, key, out var known);
        if (known)
        {
            ref var payload = ref CollectionsMarshal.AsSpan(_payloads)[place];
            payload = (ushort)Math.Min(payload + boost, ushort.MaxValue);
            return;
        }

        place = _keys.Count;
        _keys.Add(key);
        _payloads.Add((ushort)boost);
    }

    private readonly struct Sink(SparseDocument document, int boost) : ITermSink
    {
        public void AddWord(scoped ReadOnlySpan<char> term)
        {
            document.Length += boost;
            document.AddTerm(TermKey.Of(term), boost);
        }

        public void AddWhole(scoped ReadOnlySpan<char> term) => document.AddTerm(TermKey.Of(term), boost);

        public void AddFunctionWord(scoped ReadOnlySpan<char> term) => document.AddTerm(TermKey.Of(term), boost);
    }
}
