using System.Text;

namespace Rag.Tokenization.Bert;

/// <summary>
/// BERT's tokenizer: added tokens, normalisation, words, then WordPiece. Immutable, safe for concurrent use.
/// </summary>
internal sealed class WordPieceTokenizer : ITokenizer
{
    private readonly WordPieceModel _model;
    private readonly string?[] _vocabulary;
    private readonly AddedTokenFinder<char, CharSource> _addedChars;
    private readonly AddedTokenFinder<byte, ByteSource> _addedBytes;
    private readonly NormalizedTokens? _normalized;

    public WordPieceTokenizer(WordPieceDefinition definition)
    {
        _vocabulary = [.. definition.Vocabulary];
        _model = new WordPieceModel(
            _vocabulary, definition.ContinuingPrefix, definition.UnknownId, definition.MaxWordCharacters,
            definition.Normalization);
        foreach (var added in definition.AddedTokens)
            _vocabulary[added.Id] ??= added.Content;
        ClassifyId = definition.ClassifyId;
        SeparatorId = definition.SeparatorId;
        PaddingId = definition.PaddingId;
        var raw = definition.AddedTokens.Where(token => !token.Normalized).ToList();
        _addedChars = new AddedTokenFinder<char, CharSource>(raw, content => content.ToCharArray());
        _addedBytes = new AddedTokenFinder<byte, ByteSource>(raw, Encoding.UTF8.GetBytes);
        _normalized = NormalizedTokens.Create(_model, definition.AddedTokens.Where(token => token.Normalized));
    }

    public int VocabularySize => _vocabulary.Length;

    public int ClassifyId { get; }

    public int SeparatorId { get; }

    public int PaddingId { get; }

    public int UnknownId => _model.UnknownId;

    public int CountTokens(ReadOnlySpan<char> text)
    {
        var sink = default(CountingSink);
        Run(text, _addedChars, ref sink, int.MaxValue);
        return sink.Count;
    }

    public int CountTokens(ReadOnlySpan<byte> utf8)
    {
        var sink = default(CountingSink);
        Run(utf8, _addedBytes, ref sink, int.MaxValue);
        return sink.Count;
    }

    public int Encode(ReadOnlySpan<char> text, TokenBuffer tokens, int maxTokens = int.MaxValue)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        ArgumentOutOfRangeException.ThrowIfNegative(maxTokens);
        tokens.Clear();
        Fill(text, _addedChars, tokens, maxTokens);
        return tokens.Count;
    }

    public int Encode(ReadOnlySpan<byte> utf8, TokenBuffer tokens, int maxTokens = int.MaxValue)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        ArgumentOutOfRangeException.ThrowIfNegative(maxTokens);
        tokens.Clear();
        Fill(utf8, _addedBytes, tokens, maxTokens);
        return tokens.Count;
    }

    public int EncodeWhole(ReadOnlySpan<char> text, TokenBuffer tokens, int maxTokens = int.MaxValue)
    {
        Open(tokens, maxTokens);
        Fill(text, _addedChars, tokens, maxTokens - 1);
        return Close(tokens);
    }

    public int EncodeWhole(ReadOnlySpan<byte> utf8, TokenBuffer tokens, int maxTokens = int.MaxValue)
    {
        Open(tokens, maxTokens);
        Fill(utf8, _addedBytes, tokens, maxTokens - 1);
        return Close(tokens);
    }

    public string TokenOf(int id)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(id);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(id, _vocabulary.Length);
        return _vocabulary[id] ?? throw new ArgumentOutOfRangeException(nameof(id), id, "No token has this id.");
    }

    private static void Add(TokenBuffer tokens, int id)
    {
        if (tokens.WithOffsets)
            tokens.Add(id, default);
        else
            tokens.Add(id);
    }

    private void Open(TokenBuffer tokens, int maxTokens)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        ArgumentOutOfRangeException.ThrowIfLessThan(maxTokens, 2);
        tokens.Clear();
        Add(tokens, ClassifyId);
    }

    private int Close(TokenBuffer tokens)
    {
        Add(tokens, SeparatorId);
        return tokens.Count;
    }

    private void Fill<TUnit, TSource>(
        ReadOnlySpan<TUnit> text, AddedTokenFinder<TUnit, TSource> added, TokenBuffer tokens, int max)
        where TUnit : unmanaged, IEquatable<TUnit>
        where TSource : struct, ITextSource<TUnit>
    {
        if (tokens.WithOffsets)
        {
            var sink = new OffsetSink(tokens);
            Run(text, added, ref sink, max);
        }
        else
        {
            var sink = new IdSink(tokens);
            Run(text, added, ref sink, max);
        }
    }

    /// <summary>The text between added tokens is normalised and split piece by piece: no word spans one.</summary>
    private void Run<TUnit, TSource, TSink>(
        ReadOnlySpan<TUnit> text, AddedTokenFinder<TUnit, TSource> added, ref TSink sink, int max)
        where TUnit : unmanaged, IEquatable<TUnit>
        where TSource : struct, ITextSource<TUnit>
        where TSink : struct, ITokenSink
    {
        var position = 0;
        while (position < text.Length && sink.Count < max)
        {
            var token = added.Next(text, position, out var start, out var end);
            var plain = text[position..start];
            if (_normalized is not null && _normalized.MayBeIn(plain))
                _normalized.Run<TUnit, TSource, TSink>(plain, position, ref sink, max);
            else
                WordPieceScanner<TUnit, TSource, TSink>.Run(_model, plain, position, ref sink, max);
            if (token is not null && sink.Count < max)
                sink.Add(token.Id, start, end);
            position = end;
        }
    }
}
