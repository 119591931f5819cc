using System.Xml;
using DocumentFormat.OpenXml.Packaging;

namespace Rag.Ingestor.Extraction;

/// <summary>
/// Text of a Word document: body, then footnotes, endnotes, comments, headers and footers. The package is opened by
/// the Open XML SDK; its parts are read as streams, so that a large document costs no tree in memory.
/// </summary>
internal static class DocxBlocks
{
    public static IEnumerable<TextBlock> Read(SourceFile file, ExtractionOptions options, Action<string> setTitle) =>
        GuardedBlocks.Read(ReadDocument(file, options, setTitle), IsDamage, static broken =>
            ExtractionException.Corrupt("The Word document is damaged or cut off; send it again.", broken));

    private static IEnumerable<TextBlock> ReadDocument(SourceFile file, ExtractionOptions options, Action<string> setTitle)
    {
        ZipGuard.CheckDirectory(file, options);
        file.Content.Position = 0;
        using var document = WordprocessingDocument.Open(file.Content, isEditable: false, new OpenSettings { AutoSave = false });
        var main = document.MainDocumentPart
            ?? throw ExtractionException.Corrupt("The file holds no Word document; it is damaged or misnamed.");
        if (document.PackageProperties.Title is { } title && !string.IsNullOrWhiteSpace(title))
            setTitle(CleanText.Collapsed(title));
        var styles = DocxStyles.Read(main.StyleDefinitionsPart, options);
        foreach (var block in ReadPart(main, styles, options))
            yield return block;
        foreach (var part in SideParts(main))
        {
            foreach (var block in ReadPart(part, styles, options))
                yield return block;
        }
    }

    /// <summary>An XML reader over one part that follows no reference and takes no more than the limit.</summary>
    public static XmlReader OpenPart(OpenXmlPart part, ExtractionOptions options) => XmlReader.Create(
        new LimitedStream(part.GetStream(FileMode.Open, FileAccess.Read), options.MaxUnpackedBytes,
            $"A part of the document unpacks to more than {options.MaxUnpackedBytes >> 20:N0} MiB; split it."),
        new XmlReaderSettings { DtdProcessing = DtdProcessing.Prohibit, XmlResolver = null, CloseInput = true });

    private static IEnumerable<OpenXmlPart> SideParts(MainDocumentPart main)
    {
        OpenXmlPart?[] single = [main.FootnotesPart, main.EndnotesPart, main.WordprocessingCommentsPart];
        return single.OfType<OpenXmlPart>().Concat(main.HeaderParts).Concat(main.FooterParts);
    }

    private static IEnumerable<TextBlock> ReadPart(OpenXmlPart part, DocxStyles styles, ExtractionOptions options)
    {
        using var blocks = new DocxPartReader(part, styles, options);
        while (blocks.TryRead(out var block))
            yield return block;
    }

    /// <summary>
    /// True for what the packaging layers throw for damaged input. They promise no set of exceptions, and none of their
    /// own state outlives the file.
    /// </summary>
    internal static bool IsDamage(Exception thrown) => thrown is XmlException or InvalidDataException or FileFormatException
        or OpenXmlPackageException or EndOfStreamException or IOException or ArgumentException or UriFormatException
        or InvalidOperationException or NotSupportedException or KeyNotFoundException or NullReferenceException;
}
