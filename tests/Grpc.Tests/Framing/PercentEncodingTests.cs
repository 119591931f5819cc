using System.Text;
using Grpc.Framing;

namespace Rag.Transport.Tests.Framing;

public sealed class PercentEncodingTests
{
    [Theory]
    [InlineData("", "")]
    [InlineData("plain ~text!", "plain ~text!")]
    [InlineData("100%", "100%25")]
    [InlineData("a\r\nb", "a%0D%0Ab")]
    [InlineData("ä", "%C3%A4")]
    [InlineData("☺", "%E2%98%BA")]
    [InlineData("😀", "%F0%9F%98%80")]
    [InlineData("\u007f", "%7F")]
    public void Text_is_escaped_outside_printable_ascii(string text, string encoded)
    {
        PercentEncoding.Encode(text).ShouldBe(encoded);
        PercentEncoding.Decode(encoded).ShouldBe(text);
    }

    [Theory]
    [InlineData("%", "%")]
    [InlineData("100%", "100%")]
    [InlineData("%4", "%4")]
    [InlineData("%zz", "%zz")]
    [InlineData("a%C3%a4", "aä")]
    [InlineData("%G0%41", "%G0A")]
    public void Reading_keeps_what_is_no_escape(string encoded, string text) =>
        PercentEncoding.Decode(encoded).ShouldBe(text);

    [Fact]
    public void Any_text_survives_and_any_bytes_are_read_without_failing()
    {
        var random = new Random(3);
        for (var i = 0; i < 2000; i++)
        {
            var runes = Enumerable.Range(0, random.Next(40)).Select(_ => new Rune(random.Next(2) == 0
                ? random.Next(0, 0x80)
                : random.Next(0xE000, 0x10FFFF)));
            var text = string.Concat(runes);
            var encoded = PercentEncoding.Encode(text);
            encoded.ShouldAllBe(c => c >= ' ' && c <= '~');
            PercentEncoding.Decode(encoded).ShouldBe(text);
            var garbage = new string([.. Enumerable.Range(0, 20).Select(_ => "%0aF\u00fc"[random.Next(5)])]);
            Should.NotThrow(() => PercentEncoding.Decode(garbage));
        }
    }
}
