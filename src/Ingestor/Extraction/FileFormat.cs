namespace Rag.Ingestor.Extraction;

/// <summary>What the bytes of a file are, by their content first and by the file's name second.</summary>
public enum FileFormat
{
    /// <summary>Prose without markup.</summary>
    PlainText,

    /// <summary>CommonMark with the usual extensions (tables, front matter, footnotes).</summary>
    Markdown,

    /// <summary>HTML of any age.</summary>
    Html,

    /// <summary>Portable Document Format, read by pdftotext.</summary>
    Pdf,

    /// <summary>Office Open XML text document (.docx, .docm, .dotx).</summary>
    Docx,

    /// <summary>Delimited values: comma, semicolon, tab or bar.</summary>
    Csv,

    /// <summary>One JSON value.</summary>
    Json,

    /// <summary>JSON values one after another, usually one a line.</summary>
    JsonLines,

    /// <summary>XML of any vocabulary.</summary>
    Xml,

    /// <summary>Jupyter notebook.</summary>
    Notebook,

    /// <summary>Internet mail message (RFC 5322 with MIME).</summary>
    Mail,

    /// <summary>Mail messages one after another (mbox).</summary>
    Mailbox,

    /// <summary>Source code of a programming language, known by its file extension.</summary>
    SourceCode,
}
