namespace Rag.Ingestor.Extraction;

/// <summary>Limits of reading files that others made. Every one ends the file, never the process.</summary>
public sealed class ExtractionOptions
{
    /// <summary>Largest file in bytes; 1 GiB.</summary>
    public long MaxFileBytes { get; init; } = 1L << 30;

    /// <summary>Most characters (UTF-16 units) of extracted text of a file; 512 Mi.</summary>
    public long MaxCharacters { get; init; } = 512L << 20;

    /// <summary>
    /// Largest file in bytes whose reader holds all of it in memory (HTML, notebooks, mail); 16 MiB.
    /// </summary>
    public long MaxTreeBytes { get; init; } = 16L << 20;

    /// <summary>Most bytes that the entries of a zip-based document may unpack to, all together; 256 MiB.</summary>
    public long MaxUnpackedBytes { get; init; } = 256L << 20;

    /// <summary>
    /// Largest factor between an entry's unpacked and packed size, once it unpacks to over 16 MiB; 150.
    /// </summary>
    public int MaxUnpackRatio { get; init; } = 150;

    /// <summary>Most entries in a zip-based document; 10,000.</summary>
    public int MaxEntries { get; init; } = 10_000;

    /// <summary>Deepest nesting of elements, arrays, objects or message parts; 1,000.</summary>
    public int MaxDepth { get; init; } = 1_000;

    /// <summary>Longest single value (a CSV field, a JSON string) in bytes; 16 MiB.</summary>
    public int MaxValueBytes { get; init; } = 16 << 20;

    /// <summary>Time that one file may take to read, the child process of a PDF included; 5 minutes.</summary>
    public TimeSpan TimeLimit { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Program that turns PDF into text, a name on the PATH or a full path; pdftotext.</summary>
    public string PdfToTextProgram { get; init; } = "pdftotext";

    /// <summary>
    /// Address space that the PDF program may use, in bytes; 2 GiB. Enforced where prlimit is installed.
    /// </summary>
    public long PdfMemoryBytes { get; init; } = 2L << 30;

    /// <summary>Folder for short-lived files; the system's own by default.</summary>
    public string TemporaryFolder { get; init; } = Path.GetTempPath();

    /// <summary>Every error in these options, by key; empty when they are usable.</summary>
    public IReadOnlyList<string> Validate()
    {
        var errors = new List<string>();
        Positive(MaxFileBytes, nameof(MaxFileBytes));
        Positive(MaxCharacters, nameof(MaxCharacters));
        Positive(MaxTreeBytes, nameof(MaxTreeBytes));
        Positive(MaxUnpackedBytes, nameof(MaxUnpackedBytes));
        Positive(MaxUnpackRatio, nameof(MaxUnpackRatio));
        Positive(MaxEntries, nameof(MaxEntries));
        Positive(MaxDepth, nameof(MaxDepth));
        Positive(MaxValueBytes, nameof(MaxValueBytes));
        Positive(TimeLimit.Ticks, nameof(TimeLimit));
        Positive(PdfMemoryBytes, nameof(PdfMemoryBytes));
        if (string.IsNullOrWhiteSpace(PdfToTextProgram))
            errors.Add($"{nameof(PdfToTextProgram)} is empty");
        if (string.IsNullOrWhiteSpace(TemporaryFolder))
            errors.Add($"{nameof(TemporaryFolder)} is empty");
        return errors;

        void Positive(long value, string key)
        {
            if (value <= 0)
                errors.Add($"{key} is {value}, but has to be positive");
        }
    }
}
