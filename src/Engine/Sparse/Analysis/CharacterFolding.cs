using System.Globalization;
using System.Reflection;
using System.Text;

namespace Rag.Engine.Sparse;

/// <summary>
/// What every character is and what takes its place: lower case, no accents, plain forms for compatibility forms. From
/// a table of our own, because the runtime normalises nothing under invariant globalisation, and stored terms must not
/// change with the runtime. Immutable; made once a process (400 KB).
/// </summary>
internal sealed class CharacterFolding
{
    private const int Bmp = 0x10000;

    private static readonly Lazy<CharacterFolding> Shared = new(() => new CharacterFolding());

    private readonly CharacterKind[] _kinds = new CharacterKind[Bmp];
    private readonly char[] _lower = new char[Bmp];

    // 0: the lower-case character itself, else number of the replacement + 1.
    private readonly ushort[] _replaced = new ushort[Bmp];
    private readonly List<string> _replacements = [];
    private readonly Dictionary<int, int> _replacedBeyond = [];

    private CharacterFolding()
    {
        for (var c = 0; c < Bmp; c++)
        {
            _kinds[c] = char.IsSurrogate((char)c) ? CharacterKind.Separator : Classify(c);
            _lower[c] = char.IsSurrogate((char)c) ? (char)c : (char)Rune.ToLowerInvariant(new Rune(c)).Value;
        }

        ReadTable();
    }

    public static CharacterFolding Instance => Shared.Value;

    public CharacterKind KindOf(char character) => _kinds[character];

    public static CharacterKind KindOf(Rune rune) => Classify(rune.Value);

    /// <summary>The one character that takes the place of <paramref name="character"/>; '\0' if it is
    /// several.</summary>
    public char Fold(char character)
    {
        var replaced = _replaced[character];
        if (replaced == 0)
            return _lower[character];
        var text = _replacements[replaced - 1];
        return text.Length == 1 ? text[0] : '\0';
    }

    /// <summary>The characters that take the place of one for which <see cref="Fold(char)"/> has none.</summary>
    public string FoldToSeveral(char character) => _replacements[_replaced[character] - 1];

    /// <summary>What takes the place of a character beyond the basic plane.</summary>
    public string Fold(Rune rune) => _replacedBeyond.TryGetValue(rune.Value, out var replacement)
        ? _replacements[replacement]
        : Rune.ToLowerInvariant(rune).ToString();

    private static CharacterKind Classify(int codePoint)
    {
        if (IsDroppedMark(codePoint))
            return CharacterKind.Dropped;
        if (codePoint is '-' or '_' or '.' or '/' or ':' or '\'' or '@' or '&' or '+' or '#' or ',' or '\\' or 0x2019
            or 0x2010 or 0x2011 or 0xFF07 or 0xFF0D or 0xFF0E or 0xFF0F or 0xFF3F)
            return CharacterKind.Joiner;
        switch (CharUnicodeInfo.GetUnicodeCategory(codePoint))
        {
            case UnicodeCategory.UppercaseLetter or UnicodeCategory.TitlecaseLetter:
                return CharacterKind.Capital;
            case UnicodeCategory.LowercaseLetter:
                return CharacterKind.Letter;
            case UnicodeCategory.ModifierLetter or UnicodeCategory.OtherLetter or UnicodeCategory.NonSpacingMark
                or UnicodeCategory.SpacingCombiningMark:
                return IsWrittenWithoutSpaces(codePoint) ? CharacterKind.Ideograph : CharacterKind.Letter;
            case UnicodeCategory.DecimalDigitNumber:
                return CharacterKind.Digit;
            case UnicodeCategory.LetterNumber:
                return CharacterKind.Letter;
            case UnicodeCategory.Format:
                return CharacterKind.Dropped;
            default:
                return CharacterKind.Separator;
        }
    }

    // Accents of Latin, Greek and Cyrillic, points of Hebrew and Arabic, variation selectors. Vowel signs of other
    // scripts are parts of their words.
    private static bool IsDroppedMark(int c) => c is >= 0x300 and <= 0x36F or >= 0x591 and <= 0x5BD or 0x5BF or 0x5C1
        or 0x5C2 or 0x5C4 or 0x5C5 or 0x5C7 or >= 0x610 and <= 0x61A or >= 0x64B and <= 0x65F or 0x670
        or >= 0x6D6 and <= 0x6DC or >= 0x1AB0 and <= 0x1AFF or >= 0x1DC0 and <= 0x1DFF or >= 0x20D0 and <= 0x20FF
        or >= 0xFE00 and <= 0xFE0F or >= 0xFE20 and <= 0xFE2F or >= 0xE0100 and <= 0xE01EF;

    // Thai, Lao, Myanmar, Khmer, Hangul, kana, Han.
    private static bool IsWrittenWithoutSpaces(int c) => c is >= 0xE00 and <= 0xEFF or >= 0x1000 and <= 0x109F
        or >= 0x1100 and <= 0x11FF or >= 0x1780 and <= 0x17FF or >= 0x3005 and <= 0x3007 or >= 0x3040 and <= 0x318F
        or >= 0x31F0 and <= 0x31FF or >= 0x3400 and <= 0x4DBF or >= 0x4E00 and <= 0x9FFF or >= 0xAC00 and <= 0xD7A3
        or >= 0xF900 and <= 0xFAFF or >= 0xFF66 and <= 0xFFDC or >= 0x20000 and <= 0x3FFFF;

    private void ReadTable()
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream("Rag.Engine.folding.txt")
            ?? throw new InvalidOperationException("The folding table is not in the assembly.");
        using var reader = new StreamReader(stream);
        while (reader.ReadLine() is { } line)
        {
            if (line.Length == 0 || line[0] == '#')
                continue;
            var (target, sources) = (line[..line.IndexOf(" <- ", StringComparison.Ordinal)], line[(line.IndexOf('-') + 2)..]);
            var text = string.Concat(target.Split(' ').Select(part => char.ConvertFromUtf32(Hex(part))));
            _replacements.Add(text);
            foreach (var range in sources.Split(' '))
            {
                var dash = range.IndexOf('-');
                var (first, last) = dash < 0 ? (Hex(range), Hex(range)) : (Hex(range[..dash]), Hex(range[(dash + 1)..]));
                for (var codePoint = first; codePoint <= last; codePoint++)
                    Replace(codePoint, text);
            }
        }
    }

    private void Replace(int codePoint, string text)
    {
        if (codePoint >= Bmp)
        {
            _replacedBeyond[codePoint] = _replacements.Count - 1;
            return;
        }

        _replaced[codePoint] = (ushort)_replacements.Count;
        // Digits in circles, fractions of letters and the like are what they stand for.
        if (_kinds[codePoint] is CharacterKind.Separator)
            _kinds[codePoint] = char.IsAsciiDigit(text[0]) ? CharacterKind.Digit : CharacterKind.Letter;
    }

    private static int Hex(string text) => int.Parse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
}
