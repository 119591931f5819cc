using System.Text;
using Rag.Tokenization.Bert;

namespace Rag.Tokenization.Tests;

public sealed class ReferenceAgreementTests
{
    private static readonly string[] Fragments =
    [
        "the", "Tokenizer", "INTERNATIONAL", "unbelievably", "antidisestablishmentarianism", "42", "x", "ing",
        " ", " ", " ", "  ", "\t", "\r\n", ".", ",", "'", "-", "_", "[MASK]", "[CLS", "##", "é", "e\u0301", "İ", "ß",
        "Σ", "ﬁ", "한국", "中文", "\U00020000", "豈", "\u200b", "\ufeff", "\0", "\ufffd", "\u00a0", "…", "—", "’", "😀",
        "\u302e", "\u302f", "\u0323", "\u1d165", "\U0001d15e", "\U0001d165", "\u0e33", "\u0f73", "ⅷ", "\ue000", "🏽",
    ];

    [Theory]
    [InlineData(true, true, true, true)]
    [InlineData(false, false, true, true)]
    [InlineData(false, true, true, true)]
    [InlineData(true, false, true, true)]
    [InlineData(true, true, false, true)]
    [InlineData(true, true, true, false)]
    [InlineData(false, false, false, false)]
    public void Random_texts_give_the_same_ids_as_the_plain_reference(
        bool lowercase, bool stripAccents, bool cleanText, bool isolateIdeographs)
    {
        var definition = TokenizerJson.Read(Path.Combine(TestTokenizers.Folder, "tokenizer.json")) with
        {
            Normalization = new BertNormalization
            {
                Lowercase = lowercase,
                StripAccents = stripAccents,
                CleanText = cleanText,
                IsolateIdeographs = isolateIdeographs,
            },
        };
        var tokenizer = new WordPieceTokenizer(definition);
        var reference = new ReferenceTokenizer(definition);
        var random = new Random(11);
        for (var i = 0; i < 150; i++)
        {
            var text = RandomText(random);
            var expected = reference.Encode(text).ToArray();
            tokenizer.Ids(text).ShouldBe(expected, text);
            tokenizer.Ids(Encoding.UTF8.GetBytes(text)).ShouldBe(expected, text);
        }
    }

    [Fact]
    public void A_lower_limit_of_characters_makes_longer_words_unknown()
    {
        var definition = TokenizerJson.Read(Path.Combine(TestTokenizers.Folder, "tokenizer.json")) with
        {
            MaxWordCharacters = 5,
        };
        var tokenizer = new WordPieceTokenizer(definition);
        tokenizer.Tokens("house houses café cafeteria").ShouldBe(["house", "[UNK]", "cafe", "[UNK]"]);
    }

    private static string RandomText(Random random)
    {
        var text = new StringBuilder();
        for (var i = random.Next(1, 16); i > 0; i--)
        {
            if (random.Next(5) == 0)
                text.Append(RandomRune(random));
            else
                text.Append(Fragments[random.Next(Fragments.Length)]);
            if (random.Next(40) == 0)
                text.Append('a', random.Next(80, 120));
        }

        return text.ToString();
    }

    private static Rune RandomRune(Random random)
    {
        while (true)
        {
            var limit = random.Next(3) switch { 0 => 0x250, 1 => 0x3000, _ => 0x110000 };
            if (Rune.TryCreate(random.Next(limit), out var rune))
                return rune;
        }
    }
}
