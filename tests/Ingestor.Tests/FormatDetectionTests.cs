using System.IO.Compression;
using System.Text;
using Rag.Ingestor.Extraction;

namespace Rag.Ingestor.Tests;

public sealed class FormatDetectionTests
{
    [Theory]
    [InlineData("notes.txt", "hello there", FileFormat.PlainText)]
    [InlineData("notes", "hello there", FileFormat.PlainText)]
    [InlineData("page", "\n <!DOCTYPE html><html><body><p>hi</p></body></html>", FileFormat.Html)]
    [InlineData("feed", "<?xml version='1.0'?><a>hi</a>", FileFormat.Xml)]
    [InlineData("tool", "#!/bin/sh\necho hi", FileFormat.SourceCode)]
    [InlineData("README.MD", "# Title", FileFormat.Markdown)]
    [InlineData("formats.md", "# Formats\n\n| PDF | `%PDF-` | pages |", FileFormat.Markdown)]
    [InlineData("Program.cs", "class A { }", FileFormat.SourceCode)]
    [InlineData("a.csv", "a,b\n1,2", FileFormat.Csv)]
    [InlineData("a.json", "{\"a\": 1}", FileFormat.Json)]
    [InlineData("a.jsonl", "{\"a\": 1}", FileFormat.JsonLines)]
    public async Task Text_is_read_by_its_name_and_by_its_look_where_the_name_says_nothing(string name, string text, FileFormat format)
    {
        var file = await Extracted.FromTextAsync(name, text);
        file.Failure.ShouldBeNull();
        file.Format.ShouldBe(format);
    }

    [Fact]
    public async Task A_media_type_decides_where_the_name_does_not()
    {
        var content = new MemoryStream("# Title\n\ntext"u8.ToArray());
        var file = await Extracted.FromFileAsync(new SourceFile("upload", content, "text/markdown; charset=utf-8"));
        file.Format.ShouldBe(FileFormat.Markdown);
        file.Title.ShouldBe("Title");
    }

    [Fact]
    public async Task A_binary_file_named_txt_is_refused_by_what_it_is()
    {
        var png = await Extracted.FromBytesAsync("notes.txt", [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0, 0, 0, 13]);
        png.Failure!.Kind.ShouldBe(ExtractionFailureKind.Unsupported);
        png.Failure.Sentence.ShouldContain("a PNG image");
        png.Failure.Sentence.ShouldContain("Markdown");

        var random = new byte[4096];
        new Random(7).NextBytes(random);
        (await Extracted.FromBytesAsync("notes.txt", random)).Failure!.Kind.ShouldBe(ExtractionFailureKind.Unsupported);
    }

    [Theory]
    [InlineData(".xlsx", "xl/workbook.xml", "an Excel workbook")]
    [InlineData(".pptx", "ppt/presentation.xml", "a PowerPoint presentation")]
    public async Task Office_formats_that_are_not_read_are_refused_by_name(string extension, string entry, string name)
    {
        var file = await Extracted.FromBytesAsync("a" + extension, Zip(("[Content_Types].xml", "<a/>"), (entry, "<a/>")));
        file.Failure!.Kind.ShouldBe(ExtractionFailureKind.Unsupported);
        file.Failure.Sentence.ShouldContain(name);
    }

    [Theory]
    [InlineData("a.docx")]
    [InlineData("a.pdf")]
    [InlineData("a.xlsx")]
    public async Task A_text_under_the_name_of_a_binary_format_is_called_damaged(string name)
    {
        var file = await Extracted.FromTextAsync(name, "just some words");
        file.Failure!.Kind.ShouldBe(ExtractionFailureKind.Corrupt);
    }

    [Fact]
    public async Task An_empty_file_has_no_text_and_no_failure()
    {
        var file = await Extracted.FromBytesAsync("empty.txt", []);
        file.Failure.ShouldBeNull();
        file.Blocks.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_zip_bomb_a_climbing_name_and_too_many_entries_are_limits()
    {
        var bomb = Zip(("[Content_Types].xml", "<a/>"), ("word/document.xml", new string('a', 40 << 20)));
        var options = new ExtractionOptions { MaxUnpackedBytes = 1 << 20 };
        (await Extracted.FromBytesAsync("a.docx", bomb, options)).Failure!.Kind.ShouldBe(ExtractionFailureKind.LimitExceeded);
        (await Extracted.FromBytesAsync("a.docx", bomb)).Failure!.Sentence.ShouldContain("bomb");

        var climbing = Zip(("../../etc/cron.d/x", "boom"));
        (await Extracted.FromBytesAsync("a.zip", climbing)).Failure!.Kind.ShouldBe(ExtractionFailureKind.LimitExceeded);

        var many = Zip([.. Enumerable.Range(0, 50).Select(i => ($"f{i}", ""))]);
        var few = new ExtractionOptions { MaxEntries = 49 };
        (await Extracted.FromBytesAsync("a.zip", many, few)).Failure!.Kind.ShouldBe(ExtractionFailureKind.LimitExceeded);
    }

    [Fact]
    public async Task A_file_over_the_size_limit_is_refused_before_it_is_read()
    {
        var file = await Extracted.FromTextAsync("a.txt", "twelve bytes", new ExtractionOptions { MaxFileBytes = 11 });
        file.Failure!.Kind.ShouldBe(ExtractionFailureKind.LimitExceeded);
    }

    [Fact]
    public void Unusable_options_are_refused_with_every_error()
    {
        var options = new ExtractionOptions { MaxDepth = 0, PdfToTextProgram = " " };
        options.Validate().Count.ShouldBe(2);
        Should.Throw<ArgumentException>(() => new DocumentExtractor(options));
    }

    internal static byte[] Zip(params (string Name, string Text)[] entries)
    {
        var stream = new MemoryStream();
        using (var zip = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var (name, text) in entries)
            {
                using var entry = zip.CreateEntry(name).Open();
                entry.Write(Encoding.UTF8.GetBytes(text));
            }
        }

        return stream.ToArray();
    }
}
