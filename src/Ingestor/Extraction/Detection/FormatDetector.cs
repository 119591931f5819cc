using System.IO.Compression;

namespace Rag.Ingestor.Extraction;

/// <summary>
/// Decides how a file is read. Content goes before names: a binary file named .txt is refused, a PDF named .txt is read
/// as PDF, and a text named .docx is called broken.
/// </summary>
internal static class FormatDetector
{
    public const string SupportedFormats =
        "plain text, Markdown, HTML, PDF, Word (.docx), CSV, JSON, JSON Lines, XML, Jupyter notebooks, mail (.eml, .mbox) "
        + "and source code";

    public const int HeadLength = 64 * 1024;

    /// <summary>The format of a file; throws <see cref="ExtractionException"/> where it is not read.</summary>
    public static FileFormat Detect(SourceFile file, ReadOnlySpan<byte> head, ExtractionOptions options)
    {
        if (MagicNumbers.IsPdf(head))
            return FileFormat.Pdf;
        if (MagicNumbers.IsCompoundFile(head))
            throw CompoundFileRefused(file);
        if (MagicNumbers.IsZip(head))
            return DetectZip(file, options);
        if (MagicNumbers.UnreadName(head) is { } name)
            throw Unread(file, name);

        var claimed = FileExtensions.Claimed(file);
        var encoding = EncodingDetector.FromHead(head);
        if (encoding.LooksBinary)
        {
            throw claimed is FileFormat.Pdf or FileFormat.Docx
                ? ExtractionException.Corrupt(
                    $"The file is named {file.Extension} but does not hold {Article(claimed.Value)}; it is "
                    + $"damaged or misnamed.")
                : Unread(file, FileExtensions.UnreadName(file.Extension) ?? "a binary file");
        }

        return DetectText(file, claimed, head.IsEmpty ? "" : encoding.Decode(head));
    }

    private static FileFormat DetectText(SourceFile file, FileFormat? claimed, string start)
    {
        if (claimed is FileFormat.Pdf or FileFormat.Docx)
            throw ExtractionException.Corrupt(
                $"The file is named {file.Extension} but does not hold {Article(claimed.Value)}; it is "
                + $"damaged or misnamed.");
        if (claimed is null && FileExtensions.UnreadName(file.Extension) is { } name)
            throw ExtractionException.Corrupt(
                $"The file is named {file.Extension} but does not hold {name}; it is damaged or misnamed.");
        if (claimed is { } format)
            return format;

        var text = start.AsSpan().TrimStart("\uFEFF \t\r\n");
        if (text.StartsWith("<!doctype html", StringComparison.OrdinalIgnoreCase)
            || text.StartsWith("<html", StringComparison.OrdinalIgnoreCase))
            return FileFormat.Html;
        if (text.StartsWith("<?xml", StringComparison.Ordinal))
            return FileFormat.Xml;
        return text.StartsWith("#!", StringComparison.Ordinal) ? FileFormat.SourceCode : FileFormat.PlainText;
    }

    private static FileFormat DetectZip(SourceFile file, ExtractionOptions options)
    {
        ZipGuard.CheckDirectory(file, options);
        try
        {
            file.Content.Position = 0;
            using var zip = new ZipArchive(file.Content, ZipArchiveMode.Read, leaveOpen: true);
            if (zip.GetEntry("[Content_Types].xml") is not null)
            {
                if (zip.Entries.Any(entry => entry.FullName.StartsWith("word/", StringComparison.Ordinal)))
                    return FileFormat.Docx;
                if (zip.Entries.Any(entry => entry.FullName.StartsWith("xl/", StringComparison.Ordinal)))
                    throw Unread(file, "an Excel workbook");
                if (zip.Entries.Any(entry => entry.FullName.StartsWith("ppt/", StringComparison.Ordinal)))
                    throw Unread(file, "a PowerPoint presentation");
            }

            if (zip.GetEntry("mimetype") is not null || FileExtensions.UnreadName(file.Extension) is not null)
                throw Unread(file, FileExtensions.UnreadName(file.Extension) ?? "a zip-based document");
            if (FileExtensions.Claimed(file) == FileFormat.Docx)
                throw ExtractionException.Corrupt(
                    "The file is named .docx but is a zip archive without a Word document in it.");
            throw Unread(file, "a zip archive");
        }
        catch (Exception broken) when (broken is InvalidDataException or EndOfStreamException or ArgumentException)
        {
            throw ZipGuard.Broken(file, broken);
        }
    }

    private static ExtractionException CompoundFileRefused(SourceFile file)
    {
        if (CompoundFile.HasStream(file.Content, "EncryptedPackage"))
            return ExtractionException.Encrypted(
                "The document needs a password; remove the protection and send it again.");
        var name = FileExtensions.UnreadName(file.Extension);
        return Unread(file, name is not null && file.Extension is ".doc" or ".xls" or ".ppt" or ".msg"
            ? name!
            : "a legacy Office file");
    }

    private static ExtractionException Unread(SourceFile file, string name)
    {
        var misnamed = file.Extension.Length > 0 && FileExtensions.Claimed(file) is not null
            ? $"The file is named {file.Extension} but is {name}, which is not supported"
            : $"The file is {name}, which is not supported";
        return ExtractionException.Unsupported($"{misnamed}; supported are {SupportedFormats}.");
    }

    private static string Article(FileFormat format) => format == FileFormat.Pdf ? "a PDF document" : "a Word document";
}
