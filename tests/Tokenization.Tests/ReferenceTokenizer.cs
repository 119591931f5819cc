using System.Collections;
using System.Text;
using Rag.Tokenization.Bert;

namespace Rag.Tokenization.Tests;

/// <summary>
/// BERT's tokenisation step by step on strings, as its description reads: clean, isolate ideographs, decompose and
/// strip, lower, split, match. Slow and plain; the tokenizer must agree with it.
/// </summary>
internal sealed class ReferenceTokenizer(WordPieceDefinition definition)
{
    private static readonly CharacterData Data = CharacterData.Load();
    private static readonly BitArray Dropped = Set(Data.Dropped);
    private static readonly BitArray Spaces = Set(Data.Spaces);
    private static readonly BitArray Punctuation = Set(Data.Punctuation);
    private static readonly BitArray Marks = Set(Data.Marks);
    private static readonly BitArray Ideographs = Set(Data.Ideographs);

    private static readonly Dictionary<int, int> Classes = Data.CombiningClasses
        .SelectMany(range => Enumerable.Range(range.First, range.Last - range.First + 1).Select(c => (c, range.Class)))
        .ToDictionary(entry => entry.c, entry => (int)entry.Class);

    private readonly Dictionary<string, int> _vocabulary = definition.Vocabulary
        .Select((token, id) => (token, id))
        .Where(entry => entry.token is not null)
        .ToDictionary(entry => entry.token!, entry => entry.id);

    public List<int> Encode(string text)
    {
        var ids = new List<int>();
        var rest = 0;
        for (var i = 0; i < text.Length; i++)
        {
            var added = definition.AddedTokens
                .Where(token => string.CompareOrdinal(text, i, token.Content, 0, token.Content.Length) == 0)
                .MaxBy(token => token.Content.Length);
            if (added is null)
                continue;
            EncodePlain(text[rest..i], ids);
            ids.Add(added.Id);
            rest = i + added.Content.Length;
            i = rest - 1;
        }

        EncodePlain(text[rest..], ids);
        return ids;
    }

    private static bool In(BitArray set, int codePoint) => set[codePoint];

    private static int ClassOf(int codePoint) => Classes.GetValueOrDefault(codePoint);

    private static BitArray Set(List<(int First, int Last)> ranges)
    {
        var set = new BitArray(0x110000);
        foreach (var (first, last) in ranges)
        {
            for (var codePoint = first; codePoint <= last; codePoint++)
                set[codePoint] = true;
        }

        return set;
    }

    private static IEnumerable<int> Decompose(int codePoint)
    {
        if (codePoint is >= Hangul.First and <= Hangul.Last)
        {
            Hangul.Decompose(codePoint, out var lead, out var vowel, out var final);
            return final == 0 ? [lead, vowel] : [lead, vowel, final];
        }

        return Data.Decompositions.GetValueOrDefault(codePoint) ?? [codePoint];
    }

    private List<int> Normalize(string text)
    {
        var rules = definition.Normalization;
        IEnumerable<int> points = text.EnumerateRunes().Select(rune => rune.Value);
        if (rules.CleanText)
            points = points.Where(c => !In(Dropped, c)).Select(c => In(Spaces, c) ? ' ' : c);
        if (rules.IsolateIdeographs)
            points = points.SelectMany(c => In(Ideographs, c) ? [' ', c, ' '] : new[] { c });
        if (rules.StripAccents)
        {
            var decomposed = points.SelectMany(Decompose).ToList();
            // Canonical order: bubble each mark before marks of a higher class.
            for (var i = 1; i < decomposed.Count; i++)
            {
                for (var j = i; j > 0 && ClassOf(decomposed[j]) is > 0 and var own && ClassOf(decomposed[j - 1]) > own; j--)
                    (decomposed[j], decomposed[j - 1]) = (decomposed[j - 1], decomposed[j]);
            }

            points = decomposed.Where(c => !In(Marks, c));
        }

        if (rules.Lowercase)
            points = points.SelectMany(c => Data.LowerCase.GetValueOrDefault(c) ?? [c]);
        return [.. points];
    }

    private void EncodePlain(string text, List<int> ids)
    {
        var word = new List<int>();
        foreach (var codePoint in Normalize(text))
        {
            var punctuation = In(Punctuation, codePoint);
            if (!punctuation && !In(Spaces, codePoint))
            {
                word.Add(codePoint);
                continue;
            }

            AddWord(word, ids);
            if (punctuation)
                AddWord([codePoint], ids);
            word.Clear();
        }

        AddWord(word, ids);
    }

    private void AddWord(List<int> word, List<int> ids)
    {
        if (word.Count == 0)
            return;
        var pieces = new List<int>();
        for (var from = 0; from < word.Count;)
        {
            var to = word.Count;
            var id = -1;
            for (; to > from; to--)
            {
                var piece = string.Concat(word[from..to].Select(c => new Rune(c).ToString()));
                if (_vocabulary.TryGetValue(from > 0 ? definition.ContinuingPrefix + piece : piece, out id))
                    break;
            }

            if (to == from || word.Count > definition.MaxWordCharacters)
            {
                ids.Add(definition.UnknownId);
                return;
            }

            pieces.Add(id);
            from = to;
        }

        ids.AddRange(pieces);
    }
}
