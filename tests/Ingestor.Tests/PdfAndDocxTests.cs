using System.Globalization;
using System.Text;
using Rag.Ingestor.Extraction;
using Rag.Testing;

namespace Rag.Ingestor.Tests;

public sealed class PdfAndDocxTests
{
    private const string Word = "xmlns:w='http://schemas.openxmlformats.org/wordprocessingml/2006/main'";

    private static bool HasPoppler => PdfToText.FindProgram("pdftotext") is not null;

    [Fact]
    public async Task A_pdf_gives_its_text_by_page()
    {
        Assert.SkipUnless(HasPoppler, "pdftotext (poppler-utils) is not installed.");
        var file = await Extracted.FromBytesAsync("a.pdf", Pdf("Hello from page one", "And page two"));
        file.Failure.ShouldBeNull();
        file.Blocks.Select(block => (block.Page, block.Text)).ShouldBe([(1, "Hello from page one"), (2, "And page two")]);
    }

    [Fact]
    public async Task A_pdf_under_any_name_is_read_as_pdf()
    {
        Assert.SkipUnless(HasPoppler, "pdftotext (poppler-utils) is not installed.");
        (await Extracted.FromBytesAsync("a.txt", Pdf("Hello"))).Text.ShouldBe("Hello");
    }

    [Fact]
    public async Task A_damaged_pdf_is_refused()
    {
        Assert.SkipUnless(HasPoppler, "pdftotext (poppler-utils) is not installed.");
        var file = await Extracted.FromBytesAsync("a.pdf", [.. "%PDF-1.4\n"u8, .. Encoding.ASCII.GetBytes("garbage")]);
        file.Failure!.Kind.ShouldBe(ExtractionFailureKind.Corrupt);
    }

    [Fact]
    public async Task Without_the_program_a_pdf_is_refused_by_what_to_install()
    {
        var options = new ExtractionOptions { PdfToTextProgram = "no-such-program-of-this-name" };
        var file = await Extracted.FromBytesAsync("a.pdf", Pdf("Hello"), options);
        file.Failure!.Kind.ShouldBe(ExtractionFailureKind.MissingTool);
        file.Failure.Sentence.ShouldContain("apt-get install poppler-utils");
    }

    [Fact]
    public async Task A_program_that_hangs_is_ended_at_the_time_limit_and_leaves_no_file()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Needs a shell script.");
        using var folder = new TemporaryFolder();
        var program = Script(folder, "sleep 600");
        var options = new ExtractionOptions
        {
            PdfToTextProgram = program,
            TimeLimit = TimeSpan.FromSeconds(1),
            TemporaryFolder = folder.Path,
        };
        var file = await Extracted.FromBytesAsync("a.pdf", Pdf("Hello"), options);
        file.Failure!.Kind.ShouldBe(ExtractionFailureKind.LimitExceeded);
        Directory.GetFiles(folder.Path).ShouldBe([program]);
    }

    [Fact]
    public async Task A_pdf_that_asks_for_a_password_is_called_encrypted()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Needs a shell script.");
        using var folder = new TemporaryFolder();
        var options = new ExtractionOptions { PdfToTextProgram = Script(folder, "echo 'Command Line Error: Incorrect password' >&2; exit 1") };
        var file = await Extracted.FromBytesAsync("a.pdf", Pdf("Hello"), options);
        file.Failure!.Kind.ShouldBe(ExtractionFailureKind.Encrypted);
    }

    [Fact]
    public async Task A_word_document_gives_headings_lists_tables_notes_and_headers()
    {
        var file = await Extracted.FromBytesAsync("a.docx", Docx("""
            <w:p><w:pPr><w:pStyle w:val="Heading2"/></w:pPr><w:r><w:t>A heading</w:t></w:r></w:p>
            <w:p><w:r><w:t xml:space="preserve">First </w:t></w:r><w:r><w:t>words</w:t><w:tab/><w:t>here.</w:t></w:r>
              <w:del><w:r><w:delText>gone</w:delText></w:r></w:del></w:p>
            <w:p><w:pPr><w:numPr/></w:pPr><w:r><w:t>item</w:t></w:r></w:p>
            <w:tbl><w:tr><w:tc><w:p><w:r><w:t>a</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>b</w:t></w:r></w:p></w:tc></w:tr></w:tbl>
            """));
        file.Failure.ShouldBeNull();
        file.Blocks.Select(block => (block.Kind, block.Text)).ShouldBe([
            (BlockKind.Heading, "A heading"),
            (BlockKind.Paragraph, "First words\there."),
            (BlockKind.ListItem, "- item"),
            (BlockKind.Row, "a | b"),
            (BlockKind.Paragraph, "In a footnote."),
        ]);
        file.Blocks[0].Level.ShouldBe(2);
    }

    [Fact]
    public async Task A_document_that_nests_too_deep_or_declares_entities_is_refused()
    {
        var deep = string.Concat(Enumerable.Repeat("<w:tbl><w:tr><w:tc>", 1000)) + string.Concat(Enumerable.Repeat("</w:tc></w:tr></w:tbl>", 1000));
        (await Extracted.FromBytesAsync("a.docx", Docx(deep))).Failure!.Kind.ShouldBe(ExtractionFailureKind.LimitExceeded);
        var bomb = Docx("<w:p><w:r><w:t>&b;</w:t></w:r></w:p>", "<!DOCTYPE x [<!ENTITY a 'aa'><!ENTITY b '&a;&a;'>]>");
        (await Extracted.FromBytesAsync("a.docx", bomb)).Failure!.Kind.ShouldBe(ExtractionFailureKind.Corrupt);
    }

    [Fact]
    public async Task Every_way_to_cut_or_flip_a_document_is_a_refusal_or_a_reading_never_a_crash()
    {
        var whole = Docx("<w:p><w:r><w:t>Some words to read.</w:t></w:r></w:p>");
        var random = new Random(42);
        for (var round = 0; round < 200; round++)
        {
            var bytes = whole[..(round % 2 == 0 ? random.Next(whole.Length) : whole.Length)];
            for (var flips = 0; flips < 5 && bytes.Length > 0; flips++)
                bytes[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8));
            var file = await Extracted.FromBytesAsync("a.docx", bytes);
            file.Failure?.Sentence.ShouldEndWith(".");
        }
    }

    private static string Script(TemporaryFolder folder, string body)
    {
        var path = folder.Combine("program.sh");
        File.WriteAllText(path, "#!/bin/sh\n" + body + "\n");
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return path;
    }

    private static byte[] Docx(string body, string prologue = "") => FormatDetectionTests.Zip(
        ("[Content_Types].xml", "<Types xmlns='http://schemas.openxmlformats.org/package/2006/content-types'>"
            + "<Default Extension='rels' ContentType='application/vnd.openxmlformats-package.relationships+xml'/>"
            + "<Default Extension='xml' ContentType='application/xml'/>"
            + "<Override PartName='/word/document.xml' ContentType='application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml'/>"
            + "<Override PartName='/word/footnotes.xml' ContentType='application/vnd.openxmlformats-officedocument.wordprocessingml.footnotes+xml'/></Types>"),
        ("_rels/.rels", "<Relationships xmlns='http://schemas.openxmlformats.org/package/2006/relationships'><Relationship Id='r1' "
            + "Type='http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument' Target='word/document.xml'/></Relationships>"),
        ("word/_rels/document.xml.rels", "<Relationships xmlns='http://schemas.openxmlformats.org/package/2006/relationships'><Relationship Id='r1' "
            + "Type='http://schemas.openxmlformats.org/officeDocument/2006/relationships/footnotes' Target='footnotes.xml'/></Relationships>"),
        ("word/document.xml", $"{prologue}<w:document {Word}><w:body>{body}</w:body></w:document>"),
        ("word/footnotes.xml", $"<w:footnotes {Word}><w:footnote w:id='2'><w:p><w:r><w:t>In a footnote.</w:t></w:r></w:p></w:footnote></w:footnotes>"));

    /// <summary>A PDF with a line of text a page, written by hand.</summary>
    private static byte[] Pdf(params string[] pages)
    {
        var objects = new List<string>
        {
            "<< /Type /Catalog /Pages 2 0 R >>",
            $"<< /Type /Pages /Count {pages.Length} /Kids [{string.Join(' ', pages.Select((_, i) => $"{4 + (2 * i)} 0 R"))}] >>",
            "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        };
        for (var i = 0; i < pages.Length; i++)
        {
            var drawing = $"BT /F1 18 Tf 72 700 Td ({pages[i]}) Tj ET";
            objects.Add($"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {5 + (2 * i)} 0 R /Resources << /Font << /F1 3 0 R >> >> >>");
            objects.Add($"<< /Length {drawing.Length} >>\nstream\n{drawing}\nendstream");
        }

        var text = new StringBuilder("%PDF-1.4\n");
        var offsets = new List<int>();
        for (var i = 0; i < objects.Count; i++)
        {
            offsets.Add(text.Length);
            text.Append(CultureInfo.InvariantCulture, $"{i + 1} 0 obj\n{objects[i]}\nendobj\n");
        }

        var start = text.Length;
        text.Append(CultureInfo.InvariantCulture, $"xref\n0 {objects.Count + 1}\n0000000000 65535 f \n");
        foreach (var offset in offsets)
            text.Append(CultureInfo.InvariantCulture, $"{offset:D10} 00000 n \n");
        text.Append(CultureInfo.InvariantCulture, $"trailer\n<< /Size {objects.Count + 1} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n");
        return Encoding.ASCII.GetBytes(text.ToString());
    }
}
