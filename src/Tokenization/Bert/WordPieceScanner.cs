using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Rag.Tokenization.Bert;

/// <summary>
/// The loop over a text. A word of ASCII letters and digits is classified, lowered and looked up from one register of
/// 16 units; everything else goes character by character through <see cref="CharacterTable"/>.
/// </summary>
/// <typeparam name="TUnit">Code unit.</typeparam>
/// <typeparam name="TSource">How units are read.</typeparam>
/// <typeparam name="TSink">Where tokens go.</typeparam>
internal static class WordPieceScanner<TUnit, TSource, TSink>
    where TUnit : unmanaged
    where TSource : struct, ITextSource<TUnit>
    where TSink : struct, ITokenSink
{
    private const int Lane = 16;

    // Words of up to this many characters need no heap; the published models all use 100.
    private const int StackCharacters = 128;

    /// <summary>
    /// Adds the tokens of <paramref name="text"/> to <paramref name="sink"/> until it holds <paramref name="max"/>.
    /// Offsets are positions in the text plus <paramref name="origin"/>.
    /// </summary>
    [SkipLocalsInit]
    public static void Run(WordPieceModel model, ReadOnlySpan<TUnit> text, int origin, ref TSink sink, int max)
    {
        // Room for the longest word that is looked up, and for one character more that shows it is too long.
        var capacity = (Math.Min(model.MaxWordCharacters, text.Length * 4) + 2) * 4;
        var offsets = TSink.WantsOffsets ? capacity : 0;
        Span<byte> bytes = capacity <= (StackCharacters + 2) * 4 ? stackalloc byte[capacity] : new byte[capacity];
        Span<int> starts = offsets <= (StackCharacters + 2) * 4 ? stackalloc int[offsets] : new int[offsets];
        Span<int> ends = offsets <= (StackCharacters + 2) * 4 ? stackalloc int[offsets] : new int[offsets];
        var word = new WordBuffer(bytes, starts, ends);
        Span<TUnit> tail = stackalloc TUnit[Lane];
        var fast = model.MaxWordCharacters >= WordTable.MaxLength;

        var position = 0;
        while (position < text.Length && sink.Count < max)
        {
            Vector128<byte> units;
            if (text.Length - position >= Lane)
            {
                units = TSource.Load(in Unsafe.Add(ref MemoryMarshal.GetReference(text), position));
            }
            else
            {
                tail.Clear();
                text[position..].CopyTo(tail);
                units = TSource.Load(in MemoryMarshal.GetReference(tail));
            }

            var length = AsciiWord.Classify(units, model.Normalization.Lowercase, out var lowered);
            if (length == 0)
            {
                var value = TSource.ValueOf(text[position]);
                if (value < 128 && model.AsciiKinds[value] is CharacterKind.Space or CharacterKind.Punctuation)
                {
                    if (model.AsciiKinds[value] == CharacterKind.Punctuation)
                        sink.Add(model.AsciiIds[value], origin + position, origin + position + 1);
                    position++;
                    continue;
                }
            }
            else if (length < Lane && fast)
            {
                var next = position + length;
                var value = next < text.Length ? TSource.ValueOf(text[next]) : ' ';
                if (value < 128 && model.AsciiKinds[value] is CharacterKind.Space or CharacterKind.Punctuation)
                {
                    var key = AsciiWord.First(lowered, length);
                    var id = model.Words.Find(key);
                    if (id >= 0)
                        sink.Add(id, origin + position, origin + next);
                    else
                        AddAscii(model, key, length, origin + position, ref sink);
                    // The usual single space is skipped at once.
                    position = value == ' ' ? next + 1 : next;
                    continue;
                }
            }

            position = ReadWords(model, text, position, origin, ref word, ref sink, max);
        }

        sink.CutTo(max);
    }

    /// <summary>Reads from a word's start to a point where no word is open and ASCII follows.</summary>
    private static int ReadWords(
        WordPieceModel model, ReadOnlySpan<TUnit> text, int position, int origin, ref WordBuffer word, ref TSink sink,
        int max)
    {
        var characters = model.Characters;
        word.Clear();
        while (position < text.Length)
        {
            var start = origin + position;
            position += TSource.Decode(text[position..], out var codePoint);
            var end = origin + position;
            var entry = characters[codePoint];
            if (entry == 0)
            {
                word.Append(codePoint, 0, start, end, characters);
                continue;
            }

            switch (CharacterTable.KindOf(entry))
            {
                case CharacterKind.Word:
                    word.Append(codePoint, CharacterTable.CombiningClassOf(entry), start, end, characters);
                    continue;
                case CharacterKind.Drop:
                    continue;
                case CharacterKind.Barrier:
                    word.SetBarrier();
                    continue;
                case CharacterKind.Mapped:
                    foreach (var part in characters.PartsOf(entry))
                        AddPart(model, part, start, end, ref word, ref sink);
                    break;
                case CharacterKind.Hangul:
                    Hangul.Decompose(codePoint, out var lead, out var vowel, out var final);
                    word.Append(lead, 0, start, end, characters);
                    word.Append(vowel, 0, start, end, characters);
                    if (final != 0)
                        word.Append(final, 0, start, end, characters);
                    continue;
                default:
                    AddPart(model, CharacterTable.PartFor(codePoint, entry), start, end, ref word, ref sink);
                    break;
            }

            if (word.Characters == 0
                && (sink.Count >= max || (position < text.Length && TSource.ValueOf(text[position]) < 128)))
                return position;
        }

        AddWord(model, ref word, ref sink);
        return position;
    }

    private static void AddPart(
        WordPieceModel model, uint part, int start, int end, ref WordBuffer word, ref TSink sink)
    {
        var codePoint = CharacterTable.CodePointOfPart(part);
        switch (CharacterTable.KindOfPart(part))
        {
            case CharacterKind.Word:
                word.Append(codePoint, CharacterTable.CombiningClassOfPart(part), start, end, model.Characters);
                break;
            case CharacterKind.Barrier:
                word.SetBarrier();
                break;
            case CharacterKind.Punctuation or CharacterKind.Ideograph:
                AddWord(model, ref word, ref sink);
                word.Append(codePoint, 0, start, end, model.Characters);
                AddWord(model, ref word, ref sink);
                break;
            default:
                AddWord(model, ref word, ref sink);
                break;
        }
    }

    /// <summary>Closes the word and splits it into the longest pieces from the left.</summary>
    private static void AddWord(WordPieceModel model, ref WordBuffer word, ref TSink sink)
    {
        if (word.Characters == 0)
            return;
        var before = sink.Count;
        var spelled = word.Characters <= model.MaxWordCharacters;
        var bytes = word.Bytes;
        var root = WordTrie.InitialRoot;
        for (var from = 0; spelled && from < bytes.Length;)
        {
            var length = model.Pieces.LongestMatch(bytes[from..], root, out var id);
            if (length == 0)
            {
                spelled = false;
                break;
            }

            if (TSink.WantsOffsets)
                sink.Add(id, word.StartOf(from), word.EndOf(from + length - 1));
            else
                sink.Add(id, 0, 0);
            from += length;
            root = WordTrie.ContinuationRoot;
        }

        if (!spelled)
        {
            sink.CutTo(before);
            sink.Add(model.UnknownId, word.SourceStart, word.SourceEnd);
        }

        word.Clear();
    }

    /// <summary>As <see cref="AddWord"/>, for a word that is still in a register and whose bytes are its units.</summary>
    private static void AddAscii(WordPieceModel model, Vector128<byte> key, int wordLength, int start, ref TSink sink)
    {
        var before = sink.Count;
        ReadOnlySpan<byte> bytes = MemoryMarshal.AsBytes(new ReadOnlySpan<Vector128<byte>>(in key))[..wordLength];
        var root = WordTrie.InitialRoot;
        for (var from = 0; from < bytes.Length;)
        {
            var length = model.Pieces.LongestMatch(bytes[from..], root, out var id);
            if (length == 0)
            {
                sink.CutTo(before);
                sink.Add(model.UnknownId, start, start + wordLength);
                return;
            }

            sink.Add(id, start + from, start + from + length);
            from += length;
            root = WordTrie.ContinuationRoot;
        }
    }
}
