using System.Text.Json.Nodes;
using Rag.Testing;

namespace Rag.Tokenization.Tests;

public sealed class TokenizerFolderTests
{
    [Fact]
    public void A_folder_without_a_tokenizer_is_refused_by_the_names_of_the_files()
    {
        using var folder = new TemporaryFolder();
        Should.Throw<TokenizerFormatException>(() => TokenizerFolder.Load(folder.Path)).Message
            .ShouldContain("tokenizer.json nor vocab.txt");
    }

    [Theory]
    [InlineData("model", "BPE")]
    [InlineData("pre_tokenizer", "ByteLevel")]
    [InlineData("normalizer", "NFKC")]
    [InlineData("post_processor", "ByteLevel")]
    public void An_unsupported_part_is_named(string part, string type)
    {
        using var folder = new TemporaryFolder();
        Write(folder, json => json[part]!["type"] = type);
        var message = Should.Throw<TokenizerFormatException>(() => TokenizerFolder.Load(folder.Path)).Message;
        message.ShouldContain(part);
        message.ShouldContain(type);
    }

    [Theory]
    [InlineData("[CLS]", 1)]
    [InlineData("over", 2)]
    public void Truncation_and_padding_in_the_file_are_ignored(string start, int expectedAtLeast)
    {
        using var folder = new TemporaryFolder();
        Write(folder, json => json["truncation"] = new JsonObject { ["max_length"] = 3, ["strategy"] = "LongestFirst" });
        TokenizerFolder.Load(folder.Path).CountTokens(start + string.Concat(Enumerable.Repeat(" word", 300)))
            .ShouldBeGreaterThanOrEqualTo(300 + Math.Min(expectedAtLeast, 1));
    }

    [Fact]
    public void A_vocabulary_with_impossible_ids_is_refused()
    {
        using var folder = new TemporaryFolder();
        Write(folder, json => json["model"]!["vocab"]!["hello"] = -5);
        Should.Throw<TokenizerFormatException>(() => TokenizerFolder.Load(folder.Path));
        Write(folder, json => json["model"]!["vocab"]!["hello"] = int.MaxValue);
        Should.Throw<TokenizerFormatException>(() => TokenizerFolder.Load(folder.Path));
    }

    [Fact]
    public void A_missing_special_token_is_named()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllLines(folder.Combine("vocab.txt"), ["[PAD]", "[UNK]", "[CLS]", "hello"]);
        Should.Throw<TokenizerFormatException>(() => TokenizerFolder.Load(folder.Path)).Message.ShouldContain("[SEP]");
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("{\"model\": 5}")]
    [InlineData("""
        {"model":{"type":"WordPiece","vocab":{"a":"b"}},
        "pre_tokenizer":{"type":"BertPreTokenizer"},"normalizer":{"type":"BertNormalizer"}}
        """)]
    public void A_malformed_file_is_refused_by_its_name(string content)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.Combine("tokenizer.json"), content);
        Should.Throw<TokenizerFormatException>(() => TokenizerFolder.Load(folder.Path)).Message
            .ShouldContain("tokenizer.json");
    }

    [Fact]
    public void An_added_token_of_the_normalised_text_is_found_in_whatever_becomes_it()
    {
        using var folder = new TemporaryFolder();
        Write(folder, json => json["added_tokens"]!.AsArray().Add(JsonNode.Parse(
            """{"id":5,"content":"<S>","single_word":false,"lstrip":false,"rstrip":true,"normalized":true,"special":true}""")));
        var tokenizer = TokenizerFolder.Load(folder.Path);
        var hello = tokenizer.Ids("hello")[0];
        foreach (var text in new[] { "hello<s> hello", "hello <S>hello", "hello \u226e\u015a> hello", "HELLO<\u200bs>hello" })
        {
            tokenizer.Ids(text).ShouldBe([hello, 5, hello], text);
            tokenizer.Ids(System.Text.Encoding.UTF8.GetBytes(text)).ShouldBe([hello, 5, hello], text);
            tokenizer.CountTokens(text).ShouldBe(3);
        }

        var tokens = new TokenBuffer(withOffsets: true);
        tokenizer.Encode("[MASK] h\u00e9llo <\u015a>  w", tokens);
        tokens.Offsets.ToArray().ShouldBe([new(0, 6), new(7, 12), new(13, 18), new(18, 19)]);
    }

    [Fact]
    public void A_template_in_the_manner_of_roberta_opens_and_closes_with_its_own_tokens()
    {
        using var folder = new TemporaryFolder();
        Write(folder, json => json["post_processor"] = JsonNode.Parse(
            """{"type":"RobertaProcessing","sep":["[MASK]",103],"cls":["[PAD]",0],"trim_offsets":true}"""));
        var tokenizer = TokenizerFolder.Load(folder.Path);
        tokenizer.ClassifyId.ShouldBe(0);
        tokenizer.SeparatorId.ShouldBe(103);
    }

    [Fact]
    public void A_cased_vocabulary_keeps_case_and_accents()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllLines(
            folder.Combine("vocab.txt"), ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "Café", "cafe", "##s", "A"]);
        File.WriteAllText(folder.Combine("tokenizer_config.json"), """{"do_lower_case": false}""");
        TokenizerFolder.Load(folder.Path).Tokens("Cafés cafe café A a")
            .ShouldBe(["Café", "##s", "cafe", "[UNK]", "A", "[UNK]"]);
    }

    [Fact]
    public void A_vocabulary_of_another_class_is_named()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllLines(folder.Combine("vocab.txt"), ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]);
        File.WriteAllText(folder.Combine("tokenizer_config.json"), """{"tokenizer_class": "T5Tokenizer"}""");
        Should.Throw<TokenizerFormatException>(() => TokenizerFolder.Load(folder.Path)).Message.ShouldContain("T5Tokenizer");
    }

    private static void Write(TemporaryFolder folder, Action<JsonNode> change)
    {
        var json = JsonNode.Parse(File.ReadAllText(Path.Combine(TestTokenizers.Folder, "tokenizer.json")))!;
        change(json);
        File.WriteAllText(folder.Combine("tokenizer.json"), json.ToJsonString());
    }
}
