using System.Text;
using System.Text.Json;
using Rag.Testing;

namespace Rag.Tokenization.Tests;

/// <summary>
/// Texts of every script and many oddities, with the ids that Hugging Face's own implementation gives for this
/// vocabulary (golden.jsonl).
/// </summary>
public sealed class GoldenTests
{
    private static readonly (string Text, int[] Ids)[] Golden =
    [
        .. File.ReadLines(Path.Combine(RepositoryRoot.Path, "tests", "Tokenization.Tests", "golden.jsonl"))
            .Where(line => line.Length > 0)
            .Select(line => JsonDocument.Parse(line).RootElement)
            .Select(root => (root.GetProperty("text").GetString()!,
                root.GetProperty("ids").EnumerateArray().Select(id => id.GetInt32()).ToArray())),
    ];

    [Fact]
    public void Every_golden_text_gives_the_published_ids_in_both_encodings() => Check(TestTokenizers.Json);

    [Fact]
    public void A_folder_with_only_vocab_txt_gives_the_same_ids()
    {
        using var folder = new TemporaryFolder();
        foreach (var name in new[] { "vocab.txt", "tokenizer_config.json", "special_tokens_map.json" })
            File.Copy(Path.Combine(TestTokenizers.Folder, name), folder.Combine(name));
        Check(TokenizerFolder.Load(folder.Path));
    }

    [Fact]
    public void Counting_agrees_with_encoding_on_every_golden_text()
    {
        foreach (var (text, ids) in Golden)
        {
            TestTokenizers.Json.CountTokens(text).ShouldBe(ids.Length - 2, text);
            TestTokenizers.Json.CountTokens(Encoding.UTF8.GetBytes(text)).ShouldBe(ids.Length - 2, text);
        }
    }

    [Fact]
    public void Keeping_offsets_does_not_change_ids()
    {
        var tokens = new TokenBuffer(withOffsets: true);
        foreach (var (text, ids) in Golden)
        {
            TestTokenizers.Json.EncodeWhole(text, tokens);
            tokens.Ids.ToArray().ShouldBe(ids, text);
            tokens.Offsets.Length.ShouldBe(ids.Length);
        }
    }

    private static void Check(ITokenizer tokenizer)
    {
        Golden.Length.ShouldBeGreaterThan(200);
        var tokens = new TokenBuffer();
        foreach (var (text, ids) in Golden)
        {
            tokenizer.EncodeWhole(text, tokens);
            tokens.Ids.ToArray().ShouldBe(ids, text);
            tokenizer.EncodeWhole(Encoding.UTF8.GetBytes(text), tokens);
            tokens.Ids.ToArray().ShouldBe(ids, text);
        }
    }
}
