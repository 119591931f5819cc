using System.Text;
using Rag.Ingestor.Chunking;
using Rag.Ingestor.Extraction;
using Rag.Testing;
using Rag.Tokenization;

namespace Rag.Ingestor.Tests;

/// <summary>Damaged and hostile files: whatever they hold, they are read or refused, soon, and never crash.</summary>
public sealed class FuzzTests
{
    private static readonly ModelTokenCounter Counter =
        new(TokenizerFolder.Load(Path.Combine(RepositoryRoot.Path, "models", "all-MiniLM-L6-v2")));

    [Theory]
    [InlineData("a.txt", "Title\n=====\n\nSome wörds 😀, then more.\n\n1.2 Part\n\nText.")]
    [InlineData("a.md",
        "---\ntitle: x\n---\n# A *b*\n\n- one\n  1. two\n\n| a | b |\n|---|---|\n| 1 | [l](u) "
        + "|\n\n```c\nx\n```\n<div>h</div>\n[^1]: note")]
    [InlineData("a.html",
        "<html><head><title>t</title></head><body><nav>n</nav><h1>A</h1><p>b<br>c</p><table><tr><td>1<td>"
        + "2</table><ul><li>x</ul><pre>a\n b</pre><svg><g/></svg></body></html>")]
    [InlineData("a.csv", "name,city\n\"Ann, B\",Bonn\nBob,\"K\"\"x\"\n")]
    [InlineData("a.json", "{\"a\": [1, 2.5e3, {\"b\": \"text\\u00e9\"}], \"c\": null, \"d\": true}")]
    [InlineData("a.jsonl", "{\"a\": 1}\n{\"b\": [\"x\", \"y\"]}\n")]
    [InlineData("a.xml",
        "<?xml version=\"1.0\" encoding=\"utf-8\"?><r a=\"1\"><title>t</title><p>x "
        + "<b>y</b></p><![CDATA[z]]></r>")]
    [InlineData("a.ipynb",
        "{\"cells\": [{\"cell_type\": \"markdown\", \"source\": [\"# T\"]}, {\"cell_type\": \"code\", "
        + "\"source\": \"x\", \"outputs\": [{\"text\": \"1\"}]}]}")]
    [InlineData("a.eml",
        "Subject: =?utf-8?B?R3I=?=\r\nContent-Type: multipart/mixed; "
        + "boundary=\"z\"\r\n\r\n--z\r\nContent-Type: text/html; "
        + "charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n<p>a=3Db</p>\r\n--z--\r\n")]
    [InlineData("a.mbox", "From a@b Mon\nSubject: x\n\nText\n\nFrom c@d Tue\nSubject: y\n\nMore\n")]
    [InlineData("a.cs", "class A\n{\n    void B() { }\n}\n\nenum C { D }\n")]
    public async Task A_mutated_file_is_read_or_refused(string name, string seed)
    {
        var random = new Random(77 + seed.Length);
        for (var round = 0; round < 200; round++)
        {
            var bytes = Mutated(Encoding.UTF8.GetBytes(seed), random);
            var file = await Extracted.FromBytesAsync(name, bytes, new ExtractionOptions { PdfToTextProgram = "none" });
            file.Failure?.Sentence.ShouldEndWith(".");
            Check(file.Blocks);
        }
    }

    [Theory]
    [InlineData("a.md", "[", 20_000)]
    [InlineData("a.md", "[a](", 10_000)]
    [InlineData("a.md", "![", 20_000)]
    [InlineData("a.md", "*a **b ", 10_000)]
    [InlineData("a.md", "`a``b", 10_000)]
    [InlineData("a.md", "> > > a\n", 5_000)]
    [InlineData("a.md", "- ", 5_000)]
    [InlineData("a.md", "<a href=", 10_000)]
    [InlineData("a.md", "| a ", 10_000)]
    [InlineData("a.md", "\\", 50_000)]
    [InlineData("a.md", "[^1]\n\n[^1]: ", 3_000)]
    [InlineData("a.html", "<a><b><i>", 1_500)]
    [InlineData("a.html", "<table><tr><td>", 1_500)]
    [InlineData("a.html", "<p a=b ", 30_000)]
    [InlineData("a.html", "<!--", 50_000)]
    [InlineData("a.html", "</div></p></table>", 30_000)]
    [InlineData("a.html", "&#x41;&amp;&nope;", 30_000)]
    [InlineData("a.eml", "Content-Type: multipart/mixed; boundary=z\n\n--z\n", 2_000)]
    [InlineData("a.csv", "\"\",\"", 50_000)]
    [InlineData("a.xml", "<a b='c' ", 10_000)]
    [InlineData("a.json", "[{\"a\":", 20_000)]
    [InlineData("a.py", "def ", 50_000)]
    [InlineData("a.txt", "1. A\n\n", 20_000)]
    public async Task A_hostile_repetition_takes_no_long_time(string name, string piece, int times)
    {
        var watch = System.Diagnostics.Stopwatch.StartNew();
        var file = await Extracted.FromTextAsync(name, string.Concat(Enumerable.Repeat(piece, times)));
        Check(file.Blocks);
        watch.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(90), $"{file.Failure} {file.Blocks.Count} blocks");
    }

    /// <summary>What holds for the blocks and chunks of any file, counted by the real tokenizer.</summary>
    private static void Check(IReadOnlyList<TextBlock> blocks)
    {
        long end = 0;
        foreach (var block in blocks)
        {
            block.Text.Length.ShouldBeInRange(1, TextBlock.MaxLength);
            block.Start.ShouldBeGreaterThanOrEqualTo(end);
            end = block.Start + block.Text.Length;
            block.Text.AsSpan().IndexOfAny('\0', '\r').ShouldBe(-1);
        }

        long covered = 0;
        foreach (var chunk in new Chunker(new ChunkingOptions(), Counter).Split(blocks))
        {
            chunk.Tokens.ShouldBeLessThanOrEqualTo(254);
            chunk.Text.ShouldNotBeNullOrWhiteSpace();
            chunk.End.ShouldBeGreaterThan(covered);
            covered = chunk.End;
            // Throws for half a character.
            new UTF8Encoding(false, throwOnInvalidBytes: true).GetByteCount(chunk.Text).ShouldBeLessThanOrEqualTo(64 * 1024);
        }
    }

    private static byte[] Mutated(byte[] seed, Random random)
    {
        var bytes = new List<byte>(seed);
        for (var step = random.Next(1, 6); step > 0 && bytes.Count > 0; step--)
        {
            var at = random.Next(bytes.Count);
            switch (random.Next(5))
            {
                case 0:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 1:
                    bytes.RemoveRange(at, random.Next(bytes.Count - at));
                    break;
                case 2:
                    bytes.InsertRange(at, seed.AsSpan(random.Next(seed.Length)).ToArray());
                    break;
                case 3:
                    bytes.Insert(at, (byte)random.Next(256));
                    break;
                default:
                    bytes[at] = "<>\"'[]{}&;,\n\0\xFF"u8[random.Next(15)];
                    break;
            }
        }

        return [.. bytes];
    }
}
