using System.Diagnostics;
using System.Xml;

namespace Rag.Ingestor.Extraction;

/// <summary>
/// Turns files into text: finds out what a file is and opens the reader for it. Thread-safe.
/// </summary>
public sealed class DocumentExtractor
{
    /// <summary>Changes whenever the same bytes would give other blocks, so that documents are indexed again.</summary>
    public const int Version = 1;

    private readonly ExtractionOptions _options;

    /// <summary>
    /// Uses the default limits where none are given; throws <see cref="ArgumentException"/> for unusable ones.
    /// </summary>
    public DocumentExtractor(ExtractionOptions? options = null)
    {
        _options = options ?? new ExtractionOptions();
        if (_options.Validate() is { Count: > 0 } errors)
            throw new ArgumentException("Extraction options: " + string.Join("; ", errors), nameof(options));
    }

    /// <summary>What is read, for messages to users.</summary>
    public static string SupportedFormats => FormatDetector.SupportedFormats;

    /// <summary>
    /// Opens a file. Never throws for what the file holds: look at <see cref="Extraction.Failure"/> after its blocks
    /// were read. Throws <see cref="OperationCanceledException"/> and <see cref="IOException"/> of the disk.
    /// </summary>
    public async Task<Extraction> OpenAsync(SourceFile file, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(file);
        var started = Stopwatch.GetTimestamp();
        try
        {
            if (file.Content.Length > _options.MaxFileBytes)
                throw ExtractionException.Limit(
                    $"The file is larger than {_options.MaxFileBytes >> 20:N0} MiB; split it.");
            var head = await ReadHeadAsync(file.Content, cancellationToken);
            var format = FormatDetector.Detect(file, head, _options);
            return format == FileFormat.Pdf
                ? await OpenPdfAsync(file, started, cancellationToken)
                : Open(format, file, head, started);
        }
        catch (ExtractionException refused)
        {
            return Extraction.Failed(refused.Failure);
        }
    }

    private static async Task<byte[]> ReadHeadAsync(Stream content, CancellationToken cancellationToken)
    {
        content.Position = 0;
        var head = new byte[Math.Min(FormatDetector.HeadLength, content.Length)];
        await content.ReadExactlyAsync(head, cancellationToken);
        return head;
    }

    private Extraction Open(FileFormat format, SourceFile file, byte[] head, long started)
    {
        Extraction? opened = null;
        opened = new Extraction(format, _options, started, cancellationToken => format switch
        {
            FileFormat.PlainText => PlainTextBlocks.Read(OpenText(file)),
            FileFormat.SourceCode => SourceCodeBlocks.Read(OpenText(file)),
            FileFormat.Markdown => MarkdownBlocks.Read(OpenText(file), _options, title => opened!.Title = title),
            FileFormat.Html => ReadHtml(file, opened!),
            FileFormat.Csv => ReadCsv(file, head),
            FileFormat.Json or FileFormat.JsonLines => JsonBlocks.Read(OpenUtf8(file), _options),
            FileFormat.Notebook => ReadNotebook(file),
            FileFormat.Xml => XmlBlocks.Read(file.Content, _options),
            FileFormat.Mail => ReadMail(file, opened!),
            FileFormat.Mailbox => MailBlocks.ReadMailbox(ReadTreeBytes(file), _options),
            FileFormat.Docx => DocxBlocks.Read(file, _options, title => opened!.Title = title),
            _ => throw new UnreachableException($"No reader for {format}."),
        });
        return opened;
    }

    private async Task<Extraction> OpenPdfAsync(SourceFile file, long started, CancellationToken cancellationToken)
    {
        using var copy = file.Path is null
            ? await TemporaryFile.CopyAsync(file.Content, _options.TemporaryFolder, ".pdf", cancellationToken)
            : null;
        var textPath = await new PdfToText(_options).ConvertAsync(file.Path ?? copy!.Path, cancellationToken);
        var text = new StreamReader(textPath, System.Text.Encoding.UTF8);
        return new Extraction(FileFormat.Pdf, _options, started,
            _ => PlainTextBlocks.Read(text, pages: true), new TemporaryFile(textPath, text));
    }

    private IEnumerable<TextBlock> ReadHtml(SourceFile file, Extraction opened)
    {
        var blocks = HtmlBlocks.Read(HtmlDecoding.Decode(ReadTreeBytes(file)), _options, out var title);
        opened.Title = title;
        return blocks;
    }

    private IEnumerable<TextBlock> ReadCsv(SourceFile file, byte[] head)
    {
        var detected = EncodingDetector.FromStream(file.Content);
        return CsvBlocks.Read(detected.OpenReader(file.Content),
            file.Extension is ".tsv" or ".tab" ? '\t' : DelimiterSniffer.Find(detected.Decode(head)), _options);
    }

    private IEnumerable<TextBlock> ReadNotebook(SourceFile file)
    {
        CheckTreeBytes(file);
        return NotebookBlocks.Read(OpenUtf8(file), _options);
    }

    private IEnumerable<TextBlock> ReadMail(SourceFile file, Extraction opened) =>
        MailBlocks.Read(ReadTreeBytes(file), _options, title => opened.Title = title);

    private byte[] ReadTreeBytes(SourceFile file)
    {
        CheckTreeBytes(file);
        file.Content.Position = 0;
        var bytes = new byte[file.Content.Length];
        file.Content.ReadExactly(bytes);
        return bytes;
    }

    private void CheckTreeBytes(SourceFile file)
    {
        if (file.Content.Length > _options.MaxTreeBytes)
            throw ExtractionException.Limit(
                $"Files of this format are read up to {_options.MaxTreeBytes >> 20:N0} MiB; split it.");
    }

    private static TextReader OpenText(SourceFile file) => EncodingDetector.FromStream(file.Content).OpenReader(file.Content);

    private static Stream OpenUtf8(SourceFile file) => EncodingDetector.FromStream(file.Content).OpenUtf8(file.Content);
}
