using System.Text;

namespace Rag.Tokenization.Bert;

/// <summary>
/// A text after normalisation, as a string, with the source range of each of its chars. Only for texts in which an added
/// token may hide that is matched after normalisation; the scanner normalises on the fly.
/// </summary>
internal sealed class NormalizedText
{
    private readonly StringBuilder _text = new();
    private readonly List<TokenOffset> _sources = [];

    /// <summary>The normalised text.</summary>
    public string Text => _text.ToString();

    /// <summary>Normalises <paramref name="text"/>.</summary>
    public static NormalizedText Of<TUnit, TSource>(CharacterTable characters, ReadOnlySpan<TUnit> text)
        where TUnit : unmanaged
        where TSource : struct, ITextSource<TUnit>
    {
        var result = new NormalizedText();
        for (var position = 0; position < text.Length;)
        {
            var start = position;
            position += TSource.Decode(text[position..], out var codePoint);
            result.Append(characters, codePoint, new TokenOffset(start, position));
        }

        return result;
    }

    /// <summary>Source range of the chars from <paramref name="start"/> to <paramref name="end"/>.</summary>
    public TokenOffset SourceOf(int start, int end) => new(_sources[start].Start, _sources[end - 1].End);

    private void Append(CharacterTable characters, int codePoint, TokenOffset source)
    {
        var entry = characters[codePoint];
        switch (CharacterTable.KindOf(entry))
        {
            case CharacterKind.Drop or CharacterKind.Barrier:
                break;
            case CharacterKind.Space:
                Append(' ', source);
                break;
            case CharacterKind.Ideograph:
                Append(' ', source);
                Append(codePoint, source);
                Append(' ', source);
                break;
            case CharacterKind.Hangul:
                Hangul.Decompose(codePoint, out var lead, out var vowel, out var final);
                Append(lead, source);
                Append(vowel, source);
                if (final != 0)
                    Append(final, source);
                break;
            case CharacterKind.Mapped:
                foreach (var part in characters.PartsOf(entry))
                {
                    if (CharacterTable.KindOfPart(part) != CharacterKind.Barrier)
                        Append(CharacterTable.CodePointOfPart(part), source);
                }

                break;
            default:
                Append(codePoint, source);
                break;
        }
    }

    private void Append(int codePoint, TokenOffset source)
    {
        var rune = new Rune(codePoint);
        _text.Append(rune.ToString());
        for (var i = 0; i < rune.Utf16SequenceLength; i++)
            _sources.Add(source);
    }
}
