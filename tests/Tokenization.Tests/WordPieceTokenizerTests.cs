using System.Text;
using Rag.Tokenization.Bert;

namespace Rag.Tokenization.Tests;

public sealed class WordPieceTokenizerTests
{
    private static ITokenizer Tokenizer => TestTokenizers.Json;

    [Fact]
    public void Lone_surrogates_are_dropped_like_the_replacement_character()
    {
        Tokenizer.Tokens("he\ud83dllo \udc00world\ud800").ShouldBe(["hello", "world"]);
    }

    [Fact]
    public void Invalid_utf8_is_dropped_like_the_replacement_character()
    {
        byte[] text = [0xFF, (byte)'h', (byte)'e', 0xC3, (byte)'l', (byte)'l', (byte)'o', 0xE2, 0x82, (byte)' ', 0xF0, 0x9F];
        Tokenizer.Ids(text).ShouldBe(Tokenizer.Ids("hello"));
    }

    [Fact]
    public void At_most_max_tokens_are_given_even_in_the_middle_of_a_word()
    {
        const string text = "one pneumonoultramicroscopicsilicovolcanoconiosis two";
        var all = Tokenizer.Ids(text);
        var tokens = new TokenBuffer();
        for (var max = 0; max <= all.Length + 2; max++)
        {
            Tokenizer.Encode(text, tokens, max).ShouldBe(Math.Min(max, all.Length));
            tokens.Ids.ToArray().ShouldBe(all[..Math.Min(max, all.Length)]);
        }
    }

    [Fact]
    public void A_whole_input_is_cut_with_the_closing_id_last()
    {
        var tokens = new TokenBuffer();
        Tokenizer.EncodeWhole("a b c d e f g", tokens, 5).ShouldBe(5);
        tokens.Ids.ToArray().Select(Tokenizer.TokenOf).ShouldBe(["[CLS]", "a", "b", "c", "[SEP]"]);
        Tokenizer.EncodeWhole("a b", tokens, 2).ShouldBe(2);
        tokens.Ids.ToArray().ShouldBe([Tokenizer.ClassifyId, Tokenizer.SeparatorId]);
        Should.Throw<ArgumentOutOfRangeException>(() => Tokenizer.EncodeWhole("a", tokens, 1));
    }

    [Fact]
    public void Encoding_and_counting_allocate_nothing_once_warm()
    {
        var text = string.Concat(Enumerable.Repeat("Some English text, naïve café 中文 \u200b and [MASK]. ", 40));
        var utf8 = Encoding.UTF8.GetBytes(text);
        var tokens = new TokenBuffer();
        var offsets = new TokenBuffer(withOffsets: true);
        Work();
        Work();
        var before = GC.GetAllocatedBytesForCurrentThread();
        Work();
        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBe(0);

        void Work()
        {
            Tokenizer.Encode(text, tokens);
            Tokenizer.Encode(utf8, tokens);
            Tokenizer.EncodeWhole(text, offsets, 256);
            Tokenizer.CountTokens(text);
            Tokenizer.CountTokens(utf8);
        }
    }

    [Fact]
    public void Words_at_every_position_relative_to_a_register_are_read_alike()
    {
        // The fast path looks at 16 units at a time; every word length and distance from the end must agree.
        for (var length = 1; length <= 40; length++)
        {
            var word = string.Concat(Enumerable.Repeat("tokenizer", 5))[..length];
            var alone = Tokenizer.Ids(word);
            for (var before = 0; before < 20; before++)
            {
                var text = new string(' ', before) + word;
                Tokenizer.Ids(text).ShouldBe(alone);
                Tokenizer.Ids(text + ".").ShouldBe([.. alone, Tokenizer.Ids(".")[0]]);
                Tokenizer.Ids(Encoding.UTF8.GetBytes(text + " ")).ShouldBe(alone);
            }
        }
    }

    [Fact]
    public void Added_tokens_obey_their_flags()
    {
        var definition = TokenizerJson.Read(Path.Combine(TestTokenizers.Folder, "tokenizer.json")) with
        {
            AddedTokens =
            [
                new AddedToken("<s>", 103, SingleWord: false, StripLeft: true, StripRight: true),
                new AddedToken("<s>s", 104, SingleWord: false, StripLeft: false, StripRight: false),
                new AddedToken("<w>", 105, SingleWord: true, StripLeft: false, StripRight: false),
            ],
        };
        var tokenizer = new WordPieceTokenizer(definition);
        var tokens = new TokenBuffer(withOffsets: true);
        tokenizer.Encode("a  <s>\t b", tokens);
        tokens.Ids.ToArray()[1].ShouldBe(103);
        tokens.Offsets[1].ShouldBe(new TokenOffset(1, 8));
        tokenizer.Ids("x<s>s").ShouldBe([tokenizer.Ids("x")[0], 104]);
        tokenizer.Ids("a <w> b")[1].ShouldBe(105);
        tokenizer.Ids("a<w> b").ShouldNotContain(105);
        tokenizer.Ids("é<w>").ShouldNotContain(105);
        tokenizer.Ids("<w>_").ShouldNotContain(105);
    }

    [Fact]
    public void Concurrent_callers_get_the_same_ids()
    {
        const string text = "Many callers share one tokenizer: naïve 中文 unbelievable words.";
        var expected = Tokenizer.Ids(text);
        Parallel.For(0, 2000, _ => Tokenizer.Ids(text).ShouldBe(expected));
    }

    [Fact]
    public void Ids_out_of_range_have_no_token()
    {
        Tokenizer.TokenOf(101).ShouldBe("[CLS]");
        Should.Throw<ArgumentOutOfRangeException>(() => Tokenizer.TokenOf(-1));
        Should.Throw<ArgumentOutOfRangeException>(() => Tokenizer.TokenOf(Tokenizer.VocabularySize));
    }
}
