using Rag.Testing;

namespace Rag.Tokenization.Tests;

/// <summary>The default model's tokenizer, loaded both ways.</summary>
internal static class TestTokenizers
{
    public static string Folder { get; } = Path.Combine(RepositoryRoot.Path, "models", "all-MiniLM-L6-v2");

    public static ITokenizer Json { get; } = TokenizerFolder.Load(Folder);

    public static int[] Ids(this ITokenizer tokenizer, ReadOnlySpan<char> text)
    {
        var tokens = new TokenBuffer();
        tokenizer.Encode(text, tokens);
        return tokens.Ids.ToArray();
    }

    public static int[] Ids(this ITokenizer tokenizer, ReadOnlySpan<byte> utf8)
    {
        var tokens = new TokenBuffer();
        tokenizer.Encode(utf8, tokens);
        return tokens.Ids.ToArray();
    }

    public static string[] Tokens(this ITokenizer tokenizer, string text) =>
        [.. tokenizer.Ids(text).Select(tokenizer.TokenOf)];
}
