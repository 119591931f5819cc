namespace Rag.Tokenization.Bert;

/// <summary>Flags for every code point while a table is being built.</summary>
internal sealed class CharacterFacts
{
    private const int CodePoints = 0x110000;
    private const byte Dropped = 1;
    private const byte Space = 2;
    private const byte Punctuation = 4;
    private const byte Mark = 8;
    private const byte Ideograph = 16;

    private readonly byte[] _flags = new byte[CodePoints];
    private readonly Dictionary<int, byte> _combiningClasses = [];

    public CharacterFacts(CharacterData data)
    {
        SetFlag(data.Dropped, Dropped);
        SetFlag(data.Spaces, Space);
        SetFlag(data.Punctuation, Punctuation);
        SetFlag(data.Marks, Mark);
        SetFlag(data.Ideographs, Ideograph);
        foreach (var (first, last, combiningClass) in data.CombiningClasses)
        {
            for (var codePoint = first; codePoint <= last; codePoint++)
                _combiningClasses[codePoint] = combiningClass;
        }

        Special = [.. data.Decompositions.Keys, .. data.LowerCase.Keys, .. _combiningClasses.Keys];
        foreach (var (first, last) in data.Marks)
            Special.UnionWith(Enumerable.Range(first, last - first + 1));
    }

    /// <summary>The code points that a range alone does not tell everything about.</summary>
    public HashSet<int> Special { get; }

    public bool IsDropped(int codePoint) => (_flags[codePoint] & Dropped) != 0;

    public bool IsSpace(int codePoint) => (_flags[codePoint] & Space) != 0;

    public bool IsPunctuation(int codePoint) => (_flags[codePoint] & Punctuation) != 0;

    public bool IsMark(int codePoint) => (_flags[codePoint] & Mark) != 0;

    public bool IsIdeograph(int codePoint) => (_flags[codePoint] & Ideograph) != 0;

    public int CombiningClassOf(int codePoint) => _combiningClasses.GetValueOrDefault(codePoint);

    private void SetFlag(List<(int First, int Last)> ranges, byte flag)
    {
        foreach (var (first, last) in ranges)
        {
            foreach (ref var flags in _flags.AsSpan(first, last - first + 1))
                flags |= flag;
        }
    }
}
