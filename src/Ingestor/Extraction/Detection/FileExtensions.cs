using System.Collections.Frozen;

namespace Rag.Ingestor.Extraction;

/// <summary>What file extensions say. Only content decides between text and binary; these decide the rest.</summary>
internal static class FileExtensions
{
    private static readonly FrozenDictionary<string, FileFormat> Formats = Build();

    /// <summary>Extensions of formats that are not text and not read, with the name to refuse them by.</summary>
    private static readonly FrozenDictionary<string, string> Binary = new Dictionary<string, string>
    {
        [".doc"] = "a legacy Word document",
        [".xls"] = "a legacy Excel workbook",
        [".ppt"] = "a legacy PowerPoint presentation",
        [".msg"] = "an Outlook message",
        [".xlsx"] = "an Excel workbook",
        [".pptx"] = "a PowerPoint presentation",
        [".odt"] = "an OpenDocument text",
        [".ods"] = "an OpenDocument spreadsheet",
        [".odp"] = "an OpenDocument presentation",
        [".epub"] = "an EPUB book",
        [".zip"] = "a zip archive",
        [".gz"] = "a gzip archive",
        [".tar"] = "a tar archive",
        [".7z"] = "a 7-Zip archive",
        [".rar"] = "a RAR archive",
        [".png"] = "a PNG image",
        [".jpg"] = "a JPEG image",
        [".jpeg"] = "a JPEG image",
        [".gif"] = "a GIF image",
        [".tif"] = "a TIFF image",
        [".tiff"] = "a TIFF image",
        [".webp"] = "a WebP image",
        [".mp3"] = "MP3 audio",
        [".mp4"] = "an MP4 video",
        [".exe"] = "a program",
        [".dll"] = "a program library",
        [".so"] = "a program library",
    }.ToFrozenDictionary();

    private static readonly FrozenDictionary<string, FileFormat> MediaTypes = new Dictionary<string, FileFormat>
    {
        ["text/plain"] = FileFormat.PlainText,
        ["text/markdown"] = FileFormat.Markdown,
        ["text/html"] = FileFormat.Html,
        ["application/xhtml+xml"] = FileFormat.Html,
        ["application/pdf"] = FileFormat.Pdf,
        ["application/vnd.openxmlformats-officedocument.wordprocessingml.document"] = FileFormat.Docx,
        ["text/csv"] = FileFormat.Csv,
        ["text/tab-separated-values"] = FileFormat.Csv,
        ["application/json"] = FileFormat.Json,
        ["application/jsonl"] = FileFormat.JsonLines,
        ["application/x-ndjson"] = FileFormat.JsonLines,
        ["application/xml"] = FileFormat.Xml,
        ["text/xml"] = FileFormat.Xml,
        ["application/x-ipynb+json"] = FileFormat.Notebook,
        ["message/rfc822"] = FileFormat.Mail,
        ["application/mbox"] = FileFormat.Mailbox,
    }.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);

    /// <summary>The format that a name or media type claims, or null where neither claims one.</summary>
    public static FileFormat? Claimed(SourceFile file)
    {
        if (Formats.TryGetValue(file.Extension, out var byName))
            return byName;
        var mediaType = file.MediaType?.Split(';')[0].Trim();
        return mediaType is not null && MediaTypes.TryGetValue(mediaType, out var byType) ? byType : null;
    }

    /// <summary>True for a name whose ending stands for a format of text.</summary>
    public static bool IsOfText(string name) =>
        Formats.TryGetValue(Path.GetExtension(name).ToLowerInvariant(), out var format)
        && format is not (FileFormat.Pdf or FileFormat.Docx);

    /// <summary>What an unread binary format is called, or null where the extension names none.</summary>
    public static string? UnreadName(string extension) => Binary.GetValueOrDefault(extension);

    private static FrozenDictionary<string, FileFormat> Build()
    {
        var formats = new Dictionary<string, FileFormat>();
        Add(FileFormat.PlainText, ".txt .text .log .rst .adoc .asciidoc .org .tex .srt .vtt");
        Add(FileFormat.Markdown, ".md .markdown .mdown .mkd .mdx .qmd .rmd");
        Add(FileFormat.Html, ".html .htm .xhtml .shtml");
        Add(FileFormat.Pdf, ".pdf");
        Add(FileFormat.Docx, ".docx .docm .dotx .dotm");
        Add(FileFormat.Csv, ".csv .tsv .tab .psv");
        Add(FileFormat.Json, ".json .geojson .json5 .jsonc .webmanifest");
        Add(FileFormat.JsonLines, ".jsonl .ndjson .jsonlines");
        Add(FileFormat.Xml, ".xml .rss .atom .svg .xsd .xsl .xslt .wsdl .plist .dita .docbook");
        Add(FileFormat.Notebook, ".ipynb");
        Add(FileFormat.Mail, ".eml");
        Add(FileFormat.Mailbox, ".mbox");
        Add(FileFormat.SourceCode,
            ".c .h .cc .cpp .cxx .hh .hpp .hxx .m .mm .cs .csx .fs .fsx .vb .java .kt .kts .scala .groovy .go .rs "
            + ".swift .dart .py .pyi .pyx .rb .php .pl .pm .lua .r .jl .js .mjs .cjs .jsx .ts .mts .cts .tsx .vue "
            + ".svelte .css .scss .sass .less .sh .bash .zsh .fish .ps1 .psm1 .bat .cmd .sql .proto .thrift .graphql "
            + ".gql .hs .lhs .ml .mli .elm .ex .exs .erl .hrl .clj .cljs .lisp .el .scm .rkt .nim .zig .v .sv .vhd "
            + ".vhdl .asm .s .f .f90 .f95 .pas .ada .adb .ads .cob .cbl .tcl .awk .sed .mk .cmake .gradle .bzl "
            + ".tf .hcl .nix .sol .cu .glsl .hlsl .wgsl .yaml .yml .toml .ini .cfg .conf .properties .env .csproj "
            + ".fsproj .vbproj .props .targets .sln .dockerfile .makefile .editorconfig .gitignore");
        return formats.ToFrozenDictionary();

        void Add(FileFormat format, string extensions)
        {
            foreach (var extension in extensions.Split(' '))
                formats[extension] = format;
        }
    }
}
