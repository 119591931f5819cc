using System.Text;
using Rag.Ingestor.Extraction;

namespace Rag.Ingestor.Tests;

public sealed class EncodingTests
{
    static EncodingTests() => Encoding.RegisterProvider(CodePagesEncodingProvider.Instance);

    [Theory]
    [InlineData("utf-8", "Grüße aus Köln, 東京")]
    [InlineData("utf-16", "Grüße aus Köln")]
    [InlineData("utf-16BE", "Plain words in wide letters")]
    [InlineData("utf-32", "Plain words in wider letters")]
    [InlineData("windows-1252", "Das Café ist schön, größer als früher, und überall stehen Stühle; für 45 € gibt es ein Menü.")]
    [InlineData("ibm866", "Однажды, в студеную зимнюю пору, я из лесу вышел; был сильный мороз. Гляжу, поднимается медленно в гору.")]
    [InlineData("koi8-r", "Однажды, в студеную зимнюю пору, я из лесу вышел; был сильный мороз. Гляжу, поднимается медленно в гору.")]
    [InlineData("shift_jis", "名前,年齢\n佐藤太郎,30\n鈴木花子,25")]
    public async Task Text_in_this_encoding_is_recognised(string encoding, string text)
    {
        var file = await Extracted.FromBytesAsync("a.txt", Encoding.GetEncoding(encoding).GetBytes(text));
        file.Failure.ShouldBeNull();
        file.Text.ShouldBe(text);
    }

    [Theory]
    [InlineData("utf-8")]
    [InlineData("utf-16")]
    [InlineData("utf-16BE")]
    [InlineData("utf-32")]
    public async Task A_byte_order_mark_is_believed_and_left_out(string name)
    {
        var encoding = Encoding.GetEncoding(name);
        var file = await Extracted.FromBytesAsync("a.txt", [.. encoding.GetPreamble(), .. encoding.GetBytes("ünï")]);
        file.Text.ShouldBe("ünï");
    }

    [Fact]
    public async Task Wrong_bytes_within_utf8_become_replacement_characters()
    {
        byte[] bytes = [.. "größer, höher, weiter, schöner, früher, später "u8, 0xFF, .. " übermorgen täglich"u8];
        var file = await Extracted.FromBytesAsync("a.txt", bytes);
        file.Text.ShouldStartWith("größer");
        file.Text.ShouldContain("\uFFFD übermorgen");
    }

    [Fact]
    public async Task A_late_byte_in_a_long_text_is_seen()
    {
        var text = new string('a', 300_000) + " café größer schön für über früher " + new string('b', 300_000);
        var file = await Extracted.FromBytesAsync("a.txt", Encoding.GetEncoding(1252).GetBytes(text));
        string.Concat(file.Blocks.Select(block => block.Text)).ShouldContain("größer");
    }

    [Fact]
    public async Task A_page_is_read_by_the_encoding_it_declares()
    {
        var html = "<html><head><meta http-equiv='Content-Type' content='text/html; charset=windows-1251'></head>"
            + "<body><p>Привет, мир</p></body></html>";
        var file = await Extracted.FromBytesAsync("a.html", Encoding.GetEncoding(1251).GetBytes(html));
        file.Text.ShouldBe("Привет, мир");
    }

    [Fact]
    public async Task Control_characters_and_lone_surrogates_do_not_come_through()
    {
        var wide = Encoding.Unicode.GetBytes("\uFEFFab\u0001cd \uD800 ef\u0007");
        var file = await Extracted.FromBytesAsync("a.txt", wide);
        file.Text.ShouldBe("ab cd \uFFFD ef");
    }
}
