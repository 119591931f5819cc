namespace Rag.Engine.Sparse;

/// <summary>
/// Turns text into terms: words after Unicode's rules of segmentation, folded, without their endings; identifiers and
/// numbers in their pieces and as a whole; scripts without spaces in single characters and pairs. Not thread-safe, for
/// its buffers; rent one from <see cref="AnalyzerPool"/>.
/// </summary>
/// <remarks>
/// <code>
/// running       → run
/// HTTP/2        → http, 2, and as a whole http2
/// CVE-2024-1234 → cve, 2024, 1234, and as a whole cve2024-1234
/// snake_case    → snake, case, and as a whole snakecase, as for snakeCase
/// 日本語         → 日, 日本, 本, 本語, 語
/// </code>
/// In a whole, what joins the pieces is left out unless it stands between digits, so that IL-6 and IL6 are one.
/// </remarks>
internal sealed class TextAnalyzer(AnalysisOptions options)
{
    private const int MaxWhole = 256;

    private readonly FoldedText _text = new();
    private readonly char[] _whole = new char[MaxWhole];

    // The folded characters of the term that the sink gets.
    private (int Start, int End) _place;

    public AnalysisOptions Options => options;

    /// <summary>Whether a sink may ask for <see cref="Place"/>.</summary>
    public bool TracksPlaces
    {
        get => _text.TracksSources;
        set => _text.TracksSources = value;
    }

    /// <summary>Where in the text the term stood that a sink is given just now.</summary>
    public (int Start, int End) Place => _text.SourceOf(_place.Start, _place.End);

    public void Analyze<TSink>(ReadOnlySpan<char> text, ref TSink sink)
        where TSink : struct, ITermSink
    {
        _text.Set(text);
        var kinds = _text.Kinds;
        for (var i = 0; i < kinds.Length;)
        {
            if (IsOfWord(kinds[i]))
            {
                var end = CompoundEnd(i);
                AddCompound(i, end, ref sink);
                AddWithSymbols(i, end, ref sink);
                i = end;
            }
            else if (kinds[i] is CharacterKind.Ideograph)
            {
                i = AddIdeographs(i, ref sink);
            }
            else
            {
                i++;
            }
        }
    }

    private static bool IsOfWord(CharacterKind kind) =>
        kind is CharacterKind.Letter or CharacterKind.Capital or CharacterKind.Digit;

    private static bool IsLetter(CharacterKind kind) => kind is CharacterKind.Letter or CharacterKind.Capital;

    // Words and what joins them without a space: one joiner at a time, with a word on both sides.
    private int CompoundEnd(int start)
    {
        var kinds = _text.Kinds;
        for (var i = start + 1; ; i++)
        {
            if (i < kinds.Length && IsOfWord(kinds[i]))
                continue;
            if (i + 1 >= kinds.Length || kinds[i] is not CharacterKind.Joiner || !IsOfWord(kinds[i + 1]))
                return i;
            var betweenDigits = kinds[i - 1] is CharacterKind.Digit && kinds[i + 1] is CharacterKind.Digit;
            var betweenLetters = IsLetter(kinds[i - 1]) && IsLetter(kinds[i + 1]);
            if (_text.Characters[i] switch { ',' => !betweenDigits, '\'' => !betweenLetters, _ => false })
                return i;
        }
    }

    private void AddCompound<TSink>(int start, int end, ref TSink sink)
        where TSink : struct, ITermSink
    {
        var characters = _text.Characters;
        var kinds = _text.Kinds;
        var isIdentifier = false;
        var names = 0;
        for (var i = start; i < end;)
        {
            var stop = i;
            while (stop < end && (IsOfWord(kinds[stop]) || characters[stop] == '_' || IsInWord(characters[stop])))
                isIdentifier |= kinds[stop++] is CharacterKind.Digit;
            AddName(i, stop, ref sink);
            names++;
            // A hyphen, a slash or an apostrophe between plain words makes no identifier.
            isIdentifier |= stop < end && characters[stop] is not ('-' or '/' or '\'');
            i = stop + 1;
        }

        _place = (start, end);
        if (names > 1 && isIdentifier && Whole(start, end) is { IsEmpty: false } whole)
            sink.AddWhole(whole);
    }

    // English keeps its apostrophes, which belong to endings; other languages' mostly stand between words.
    private bool IsInWord(char character) => character == '\'' && options.Language is AnalysisLanguage.English;

    // Pieces between underscores, and between small and capital letters and digits.
    private void AddName<TSink>(int start, int end, ref TSink sink)
        where TSink : struct, ITermSink
    {
        var characters = _text.Characters;
        var kinds = _text.Kinds;
        var pieces = 0;
        var added = 0;
        for (var i = start; i < end;)
        {
            var stop = PieceEnd(i, end);
            var betweenUnderscores = (i == start || characters[i - 1] == '_') && (stop == end || characters[stop] == '_');
            // A lone letter or digit that is only split off, as the p of p53, would be found everywhere.
            if (betweenUnderscores || stop - i > 1)
            {
                _place = (i, stop);
                AddWord(characters[i..stop], ref sink);
                added++;
            }

            pieces++;
            i = stop < end && characters[stop] == '_' ? stop + 1 : stop;
        }

        _place = (start, end);
        if (pieces == 1 || Whole(start, end) is not { IsEmpty: false } whole)
            return;
        if (added == 0)
            sink.AddWord(whole);
        else
            sink.AddWhole(whole);
    }

    private int PieceEnd(int start, int end)
    {
        var characters = _text.Characters;
        var kinds = _text.Kinds;
        for (var i = start + 1; i < end; i++)
        {
            if (characters[i] == '_')
                return i;
            var (before, here) = (kinds[i - 1], kinds[i]);
            if ((before is CharacterKind.Digit) != (here is CharacterKind.Digit)
                || (before is CharacterKind.Letter && here is CharacterKind.Capital))
                return i;
            // HTTPServer, but not GPUs.
            if (before is CharacterKind.Capital && here is CharacterKind.Capital && i + 1 < end
                && kinds[i + 1] is CharacterKind.Letter && !(characters[i + 1] == 's' && IsPieceEnd(i + 2, end)))
                return i;
            if (i - start > 1 && before is CharacterKind.Capital && here is CharacterKind.Letter
                && kinds[i - 2] is CharacterKind.Capital && !(characters[i] == 's' && IsPieceEnd(i + 1, end)))
                return i - 1;
        }

        return end;
    }

    private bool IsPieceEnd(int at, int end) => at >= end || !IsLetter(_text.Kinds[at]);

    private void AddWord<TSink>(ReadOnlySpan<char> word, ref TSink sink)
        where TSink : struct, ITermSink
    {
        if (options.Language is not AnalysisLanguage.English)
        {
            sink.AddWord(word);
            return;
        }

        if (EnglishFunctionWords.Contains(word))
        {
            if (!options.DropStopWords)
                sink.AddFunctionWord(word);
            return;
        }

        Span<char> stem = stackalloc char[EnglishStemmer.MaxLength];
        sink.AddWord(EnglishStemmer.Stem(word, stem));
    }

    // What joins pieces goes, but for what stands between digits. Nothing that long is looked for as a whole.
    private ReadOnlySpan<char> Whole(int start, int end)
    {
        if (end - start > MaxWhole)
            return default;
        var characters = _text.Characters;
        var kinds = _text.Kinds;
        var length = 0;
        for (var i = start; i < end; i++)
        {
            if (kinds[i] is CharacterKind.Joiner
                && !(kinds[i - 1] is CharacterKind.Digit && kinds[i + 1] is CharacterKind.Digit))
                continue;
            _whole[length++] = characters[i];
        }

        return _whole.AsSpan(0, length);
    }

    // C++ and C#, F# and J++.
    private void AddWithSymbols<TSink>(int start, int end, ref TSink sink)
        where TSink : struct, ITermSink
    {
        var characters = _text.Characters;
        if (end - start > 2 || end >= characters.Length || characters[end] is not ('+' or '#'))
            return;
        var stop = end + 1;
        while (stop < characters.Length && stop - end < 2 && characters[stop] == '+')
            stop++;
        if (characters[end] == '+' && stop - end < 2)
            return;
        characters[start..stop].CopyTo(_whole);
        _place = (start, stop);
        sink.AddWhole(_whole.AsSpan(0, stop - start));
    }

    private int AddIdeographs<TSink>(int start, ref TSink sink)
        where TSink : struct, ITermSink
    {
        var characters = _text.Characters;
        var kinds = _text.Kinds;
        var former = -1;
        var i = start;
        while (i < kinds.Length && kinds[i] is CharacterKind.Ideograph)
        {
            var width = char.IsHighSurrogate(characters[i]) && i + 1 < characters.Length ? 2 : 1;
            _place = (i, i + width);
            sink.AddWord(characters.Slice(i, width));
            if (former >= 0)
            {
                _place = (former, i + width);
                sink.AddWhole(characters[former..(i + width)]);
            }

            former = i;
            i += width;
        }

        return i;
    }
}
