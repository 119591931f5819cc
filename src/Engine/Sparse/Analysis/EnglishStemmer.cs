using System.Runtime.CompilerServices;

namespace Rag.Engine.Sparse;

/// <summary>
/// Porter's second English stemmer, after its published description (snowballstem.org/algorithms/english). A word is in
/// lower case; whatever holds other characters than a…z and apostrophes is left alone, and so is anything over
/// <see cref="MaxLength"/>.
/// </summary>
/// <remarks>
/// R1 is what follows the first non-vowel after a vowel, R2 the same of R1; most endings go only inside of one of them.
/// A y that is a consonant is written Y meanwhile.
/// </remarks>
internal ref struct EnglishStemmer
{
    /// <summary>Longest word that is looked at.</summary>
    public const int MaxLength = 64;

    private readonly Span<char> _word;
    private int _length;
    private int _r1;
    private int _r2;

    private EnglishStemmer(Span<char> word, int length)
    {
        _word = word;
        _length = length;
    }

    /// <summary>The stem of a word, in <paramref name="buffer"/> or the word itself.</summary>
    /// <param name="word">A word in lower case.</param>
    /// <param name="buffer">At least <see cref="MaxLength"/> characters.</param>
    public static ReadOnlySpan<char> Stem(ReadOnlySpan<char> word, Span<char> buffer)
    {
        if (word.Length is <= 2 or > MaxLength - 1 || word.IndexOfAnyExcept(Letters) >= 0)
            return word;
        if (EnglishStemExceptions.Find(word) is { } known)
            return known;
        word = word[0] == '\'' ? word[1..] : word;
        word.CopyTo(buffer);
        var stemmer = new EnglishStemmer(buffer, word.Length);
        stemmer.Run();
        return buffer[..stemmer._length];
    }

    private static readonly System.Buffers.SearchValues<char> Letters =
        System.Buffers.SearchValues.Create("abcdefghijklmnopqrstuvwxyz'");

    private void Run()
    {
        MarkConsonantYs();
        FindRegions();
        TakePossessive();
        TakePlural();
        if (!EnglishStemExceptions.EndsHere(_word[.._length]))
        {
            TakePastAndProgressive();
            TurnFinalY();
            TurnDoubleEndings();
            TurnSimpleEndings();
            TakeLastEnding();
            TakeFinalEOrL();
        }

        _word[.._length].Replace('Y', 'y');
    }

    private void MarkConsonantYs()
    {
        for (var i = 0; i < _length; i++)
        {
            if (_word[i] == 'y' && (i == 0 || IsVowel(_word[i - 1])))
                _word[i] = 'Y';
        }
    }

    private void FindRegions()
    {
        ReadOnlySpan<char> word = _word[.._length];
        _r1 = word.StartsWith("gener") || word.StartsWith("arsen") ? 5
            : word.StartsWith("commun") ? 6
            : RegionAfter(0);
        _r2 = RegionAfter(_r1);
    }

    private readonly int RegionAfter(int start)
    {
        for (var i = start + 1; i < _length; i++)
        {
            if (!IsVowel(_word[i]) && IsVowel(_word[i - 1]))
                return i + 1;
        }

        return _length;
    }

    // Step 0.
    private void TakePossessive()
    {
        if (EndsWith("'s'"))
            _length -= 3;
        else if (EndsWith("'s"))
            _length -= 2;
        else if (EndsWith("'"))
            _length -= 1;
    }

    // Step 1a.
    private void TakePlural()
    {
        if (EndsWith("sses"))
            _length -= 2;
        else if (EndsWith("ied") || EndsWith("ies"))
            _length -= _length > 4 ? 2 : 1;
        else if (EndsWith("s") && !EndsWith("us") && !EndsWith("ss") && HasVowel(_length - 2))
            _length -= 1;
    }

    // Step 1b.
    private void TakePastAndProgressive()
    {
        var ending = EndsWith("eedly") ? 5 : EndsWith("ingly") ? -5 : EndsWith("edly") ? -4 : EndsWith("eed") ? 3
            : EndsWith("ing") ? -3 : EndsWith("ed") ? -2 : 0;
        if (ending > 0)
        {
            if (_length - ending >= _r1)
                _length -= ending - 2;
            return;
        }

        if (ending == 0 || !HasVowel(_length + ending))
            return;
        _length += ending;
        if (EndsWith("at") || EndsWith("bl") || EndsWith("iz"))
            Append('e');
        else if (EndsInDouble())
            _length -= 1;
        else if (_r1 >= _length && EndsInShortSyllable(_length))
            Append('e');
    }

    // Step 1c.
    private readonly void TurnFinalY()
    {
        if (_length > 2 && _word[_length - 1] is 'y' or 'Y' && _length > 2 && !IsVowel(_word[_length - 2]))
            _word[_length - 1] = 'i';
    }

    // Step 2.
    private void TurnDoubleEndings()
    {
        foreach (var (ending, turned) in EnglishStemEndings.Double)
        {
            if (!EndsWith(ending))
                continue;
            var start = _length - ending.Length;
            if (start < _r1)
                return;
            if (ending == "ogi" && (start == 0 || _word[start - 1] != 'l'))
                return;
            if (ending == "li" && (start == 0 || _word[start - 1] is not ('c' or 'd' or 'e' or 'g' or 'h' or 'k' or 'm' or 'n' or 'r' or 't')))
                return;
            Turn(start, turned);
            return;
        }
    }

    // Step 3.
    private void TurnSimpleEndings()
    {
        foreach (var (ending, turned) in EnglishStemEndings.Simple)
        {
            if (!EndsWith(ending))
                continue;
            var start = _length - ending.Length;
            if (start >= (ending == "ative" ? _r2 : _r1))
                Turn(start, turned);
            return;
        }
    }

    // Step 4.
    private void TakeLastEnding()
    {
        foreach (var ending in EnglishStemEndings.Last)
        {
            if (!EndsWith(ending))
                continue;
            var start = _length - ending.Length;
            if (start >= _r2 && (ending != "ion" || (start > 0 && _word[start - 1] is 's' or 't')))
                _length = start;
            return;
        }
    }

    // Step 5.
    private void TakeFinalEOrL()
    {
        var last = _length - 1;
        if (last < 0)
            return;
        if (_word[last] == 'e' && (last >= _r2 || (last >= _r1 && !EndsInShortSyllable(last))))
            _length = last;
        else if (_word[last] == 'l' && last >= _r2 && last > 0 && _word[last - 1] == 'l')
            _length = last;
    }

    private readonly bool EndsWith(string ending) => ((ReadOnlySpan<char>)_word[.._length]).EndsWith(ending);

    private void Turn(int start, string turned)
    {
        turned.CopyTo(_word[start..]);
        _length = start + turned.Length;
    }

    private void Append(char character) => _word[_length++] = character;

    private readonly bool HasVowel(int end) => _word[..Math.Max(0, end)].IndexOfAny("aeiouy") >= 0;

    private readonly bool EndsInDouble() => _length > 1 && _word[_length - 1] == _word[_length - 2]
        && _word[_length - 1] is 'b' or 'd' or 'f' or 'g' or 'm' or 'n' or 'p' or 'r' or 't';

    // Non-vowel, vowel, non-vowel that is not w, x or Y; or, at the beginning, vowel and non-vowel.
    private readonly bool EndsInShortSyllable(int end) => end switch
    {
        < 2 => false,
        2 => IsVowel(_word[0]) && !IsVowel(_word[1]),
        _ => !IsVowel(_word[end - 3]) && IsVowel(_word[end - 2]) && !IsVowel(_word[end - 1])
            && _word[end - 1] is not ('w' or 'x' or 'Y'),
    };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool IsVowel(char c) => c is 'a' or 'e' or 'i' or 'o' or 'u' or 'y';
}
