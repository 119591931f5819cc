using System.Text;

namespace Rag.Engine.Sparse;

/// <summary>
/// A text after folding, with what each character was before: the segmentation reads this. Buffers are kept for the
/// next text. Not thread-safe.
/// </summary>
internal sealed class FoldedText
{
    private const int MaxKeptLength = 256 * 1024;

    private readonly CharacterFolding _folding = CharacterFolding.Instance;
    private char[] _characters = new char[1024];
    private CharacterKind[] _kinds = new CharacterKind[1024];
    private int _length;

    // Where each character came from; only while a caller wants to know.
    private int[]? _sources;
    private int _sourceLength;
    private int _source;

    public ReadOnlySpan<char> Characters => _characters.AsSpan(0, _length);

    public ReadOnlySpan<CharacterKind> Kinds => _kinds.AsSpan(0, _length);

    /// <summary>Remembers where in the text each character stood, for <see cref="SourceOf"/>.</summary>
    public bool TracksSources
    {
        get => _sources is not null;
        set => _sources = value ? new int[_characters.Length] : null;
    }

    public void Set(ReadOnlySpan<char> text)
    {
        _length = 0;
        _sourceLength = text.Length;
        if (_characters.Length > MaxKeptLength && text.Length < MaxKeptLength / 4)
        {
            _characters = new char[1024];
            _kinds = new CharacterKind[1024];
            TracksSources = TracksSources;
        }

        Reserve(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            var kind = _folding.KindOf(c);
            _source = i;
            if (char.IsHighSurrogate(c) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]))
                AddRune(new Rune(c, text[++i]));
            else if (kind is CharacterKind.Separator)
                Add(' ', kind);
            else if (kind is not CharacterKind.Dropped)
                AddFolded(c, kind, i + 1 < text.Length ? _folding.KindOf(text[i + 1]) : CharacterKind.Separator);
        }
    }

    /// <summary>The part of the text that these characters were, with the accents that belong to it.</summary>
    public (int Start, int End) SourceOf(int start, int end)
    {
        var sources = _sources!;
        var last = sources[end - 1];
        while (end < _length && sources[end] == last)
            end++;
        return (sources[start], end < _length ? sources[end] : _sourceLength);
    }

    private void AddFolded(char c, CharacterKind kind, CharacterKind next)
    {
        var folded = c switch
        {
            '\u2019' or '\uFF07' => '\'',
            '\u2010' or '\u2011' or '\uFF0D' => '-',
            '\uFF0E' => '.',
            '\uFF0F' => '/',
            '\uFF3F' => '_',
            _ => _folding.Fold(c),
        };
        if (folded != '\0')
            Add(folded, kind);
        else
            AddAll(_folding.FoldToSeveral(c), kind, next);
    }

    private void AddRune(Rune rune)
    {
        var kind = CharacterFolding.KindOf(rune);
        if (kind is CharacterKind.Dropped)
            return;
        var folded = _folding.Fold(rune);
        // Digits and letters in circles and squares have no category of their own.
        if (kind is CharacterKind.Separator && char.IsLetterOrDigit(folded[0]))
            kind = char.IsAsciiDigit(folded[0]) ? CharacterKind.Digit : CharacterKind.Letter;
        if (kind is CharacterKind.Separator)
            Add(' ', kind);
        else
            AddAll(folded, kind, CharacterKind.Separator);
    }

    private void AddAll(string characters, CharacterKind kind, CharacterKind next)
    {
        foreach (var character in characters)
        {
            Add(character, kind);
            // A ligature begins a word inside a word only once, and goes on in capitals only among capitals.
            if (kind is CharacterKind.Capital && next is not CharacterKind.Capital)
                kind = CharacterKind.Letter;
        }
    }

    private void Add(char character, CharacterKind kind)
    {
        if (_length == _characters.Length)
            Reserve(_length + 1);
        if (_sources is not null)
            _sources[_length] = _source;
        _characters[_length] = character;
        _kinds[_length++] = kind;
    }

    private void Reserve(int length)
    {
        if (length <= _characters.Length)
            return;
        Array.Resize(ref _characters, Math.Max(length, _characters.Length * 2));
        Array.Resize(ref _kinds, _characters.Length);
        if (_sources is not null)
            Array.Resize(ref _sources, _characters.Length);
    }
}
