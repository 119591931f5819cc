using System.Buffers;

namespace Rag.Tokenization.Bert;

/// <summary>
/// Added tokens that are matched in the normalised text, as some models have them ("&lt;s&gt;" is then found in
/// "&lt;S&gt;" too). Texts without a character that could begin one do not come here. Immutable.
/// </summary>
internal sealed class NormalizedTokens
{
    private readonly WordPieceModel _model;
    private readonly AddedTokenFinder<char, CharSource> _finder;
    private readonly SearchValues<char> _triggers;
    private readonly SearchValues<byte> _byteTriggers;

    private NormalizedTokens(WordPieceModel model, AddedToken[] tokens)
    {
        _model = model;
        _finder = new AddedTokenFinder<char, CharSource>(tokens, content => content.ToCharArray());
        var triggers = Triggers(model.Characters, [.. tokens.Select(token => token.Content[0])]);
        _triggers = SearchValues.Create(triggers);
        // Any character beyond ASCII might be one of the triggers; this errs on the slow side.
        _byteTriggers = SearchValues.Create(
        [
            .. triggers.Where(char.IsAscii).Select(c => (byte)c), .. Enumerable.Range(0x80, 0x80).Select(b => (byte)b),
        ]);
    }

    /// <summary>Prepares the tokens, or gives null if there are none.</summary>
    public static NormalizedTokens? Create(WordPieceModel model, IEnumerable<AddedToken> tokens)
    {
        var normalized = tokens
            .Select(token => token with
            {
                Content = NormalizedText.Of<char, CharSource>(model.Characters, token.Content).Text,
            })
            .Where(token => token.Content.Length > 0)
            .ToArray();
        return normalized.Length == 0 ? null : new NormalizedTokens(model, normalized);
    }

    /// <summary>Whether a text may hold one.</summary>
    public bool MayBeIn<TUnit>(ReadOnlySpan<TUnit> text)
        where TUnit : unmanaged => typeof(TUnit) == typeof(char)
        ? System.Runtime.InteropServices.MemoryMarshal.Cast<TUnit, char>(text).ContainsAny(_triggers)
        : System.Runtime.InteropServices.MemoryMarshal.Cast<TUnit, byte>(text).ContainsAny(_byteTriggers);

    /// <summary>Adds the tokens of a text; as the scanner does, but the normalised text is split first.</summary>
    public void Run<TUnit, TSource, TSink>(ReadOnlySpan<TUnit> text, int origin, ref TSink sink, int max)
        where TUnit : unmanaged
        where TSource : struct, ITextSource<TUnit>
        where TSink : struct, ITokenSink
    {
        var normalized = NormalizedText.Of<TUnit, TSource>(_model.Characters, text);
        var plain = normalized.Text;
        var tokens = new TokenBuffer(withOffsets: true);
        for (var position = 0; position < plain.Length && sink.Count < max;)
        {
            var added = _finder.Next(plain, position, out var start, out var end);
            tokens.Clear();
            var pieces = new OffsetSink(tokens);
            // Normalising twice changes nothing.
            WordPieceScanner<char, CharSource, OffsetSink>.Run(
                _model, plain.AsSpan(position, start - position), position, ref pieces, max - sink.Count);
            for (var i = 0; i < tokens.Count; i++)
                Add(ref sink, tokens.Ids[i], tokens.Offsets[i]);
            if (added is not null && sink.Count < max)
                Add(ref sink, added.Id, new TokenOffset(start, end));
            position = end;
        }

        void Add(ref TSink target, int id, TokenOffset offset)
        {
            var source = normalized.SourceOf(offset.Start, offset.End);
            target.Add(id, origin + source.Start, origin + source.End);
        }
    }

    /// <summary>The characters of the first plane that become, or become something with, one of the first ones.</summary>
    private static char[] Triggers(CharacterTable characters, HashSet<int> first)
    {
        var triggers = new List<char>();
        for (var codePoint = 0; codePoint < 0x10000; codePoint++)
        {
            var entry = characters[codePoint];
            var hit = first.Contains(codePoint);
            if (!hit && CharacterTable.KindOf(entry) == CharacterKind.Mapped)
            {
                foreach (var part in characters.PartsOf(entry))
                    hit |= first.Contains(CharacterTable.CodePointOfPart(part));
            }

            if (hit)
                triggers.Add((char)codePoint);
        }

        return [.. triggers];
    }
}
