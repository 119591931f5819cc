using System.Text;

namespace Rag.Tokenization.Tests;

public sealed class OffsetTests
{
    [Fact]
    public void Offsets_cut_each_token_out_of_the_source()
    {
        const string text = "Tokenizers split unbelievable words, e.g. naïve cafés; 中文 [MASK] end.";
        Pieces(text).ShouldBe(
        [
            "Token", "izer", "s", "split", "unbelievable", "words", ",", "e", ".", "g", ".", "naïve", "cafés", ";", "中",
            "文", "[MASK]", "end", ".",
        ]);
    }

    [Fact]
    public void A_token_covers_the_source_of_what_it_stands_for_not_what_was_dropped_around_it()
    {
        Pieces("\u200bhe\u200bllo\u200b world").ShouldBe(["he\u200bllo", "world"]);
        Pieces("cafe\u0301 x").ShouldBe(["cafe", "x"]);
    }

    [Fact]
    public void An_unknown_word_is_covered_as_a_whole()
    {
        Pieces("ok 😀👍 ok").ShouldBe(["ok", "😀👍", "ok"]);
        Pieces(new string('q', 101)).ShouldBe([new string('q', 101)]);
    }

    [Fact]
    public void Offsets_of_utf8_are_bytes()
    {
        var utf8 = Encoding.UTF8.GetBytes("naïve 한 words 😀.");
        var tokens = new TokenBuffer(withOffsets: true);
        TestTokenizers.Json.Encode(utf8, tokens);
        var pieces = new List<string>();
        foreach (var offset in tokens.Offsets)
            pieces.Add(Encoding.UTF8.GetString(utf8.AsSpan(offset.Start, offset.End - offset.Start)));
        // A Hangul syllable is one character of the source and three tokens.
        pieces.ShouldBe(["naïve", "한", "한", "한", "words", "😀", "."]);
    }

    [Fact]
    public void Offsets_never_run_backwards_and_stay_inside()
    {
        var random = new Random(5);
        var tokens = new TokenBuffer(withOffsets: true);
        for (var round = 0; round < 300; round++)
        {
            var text = new string([.. Enumerable.Range(0, 60).Select(_ => (char)random.Next(1, 0x3000))]);
            TestTokenizers.Json.Encode(text, tokens);
            var end = 0;
            foreach (var offset in tokens.Offsets)
            {
                offset.Start.ShouldBeLessThan(offset.End);
                offset.End.ShouldBeInRange(end, text.Length);
                end = offset.End;
            }
        }
    }

    [Fact]
    public void Opening_and_closing_ids_have_empty_offsets()
    {
        var tokens = new TokenBuffer(withOffsets: true);
        TestTokenizers.Json.EncodeWhole("hello", tokens);
        tokens.Offsets.ToArray().ShouldBe([default, new TokenOffset(0, 5), default]);
    }

    private static List<string> Pieces(string text)
    {
        var tokens = new TokenBuffer(withOffsets: true);
        TestTokenizers.Json.Encode(text, tokens);
        var pieces = new List<string>();
        foreach (var offset in tokens.Offsets)
            pieces.Add(text[offset.Start..offset.End]);
        return pieces;
    }
}
