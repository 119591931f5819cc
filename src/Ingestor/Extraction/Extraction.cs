using System.Diagnostics;

namespace Rag.Ingestor.Extraction;

/// <summary>
/// One file being read. Read <see cref="ReadBlocks"/> once to its end, then look at <see cref="Failure"/>: a file may
/// turn out to be broken after many good blocks, and then none of them counts. For one thread.
/// </summary>
public sealed class Extraction : IDisposable
{
    private const int BlocksPerClockLook = 64;

    private readonly Func<CancellationToken, IEnumerable<TextBlock>> _read;
    private readonly ExtractionOptions _options;
    private readonly IDisposable? _owned;
    private readonly long _started;

    internal Extraction(FileFormat format, ExtractionOptions options, long started,
        Func<CancellationToken, IEnumerable<TextBlock>> read, IDisposable? owned = null)
    {
        Format = format;
        _options = options;
        _started = started;
        _read = read;
        _owned = owned;
    }

    private Extraction(ExtractionFailure failure)
    {
        Failure = failure;
        _options = new ExtractionOptions();
        _read = _ => [];
    }

    /// <summary>What the file is; null where that was not recognised as something that is read.</summary>
    public FileFormat? Format { get; }

    /// <summary>The document's own title, where its format has one; complete once all blocks were read.</summary>
    public string? Title { get; internal set; }

    /// <summary>Why the file cannot be used, or null. Final once all blocks were read.</summary>
    public ExtractionFailure? Failure { get; private set; }

    /// <summary>
    /// Length of the extracted text so far in UTF-16 units. 0 at the end with no failure: a file without text.
    /// </summary>
    public long Characters { get; private set; }

    /// <summary>An extraction that failed before it began.</summary>
    internal static Extraction Failed(ExtractionFailure failure) => new(failure);

    /// <summary>
    /// The text in reading order. Ends early when the file fails; bytes are read as the sequence is.
    /// </summary>
    public IEnumerable<TextBlock> ReadBlocks(CancellationToken cancellationToken = default)
    {
        if (Failure is not null)
            yield break;
        using var blocks = Lazily(cancellationToken).GetEnumerator();
        var sinceClock = 0;
        while (TryNext(blocks) is { } block)
        {
            if (++sinceClock == BlocksPerClockLook)
            {
                sinceClock = 0;
                cancellationToken.ThrowIfCancellationRequested();
                if (Stopwatch.GetElapsedTime(_started) > _options.TimeLimit)
                {
                    Failure = TimeExceeded(_options);
                    yield break;
                }
            }

            var gap = block.Gap >= 0 ? block.Gap : Characters == 0 ? 0 : block.Separator.Length;
            var start = Characters + gap;
            Characters = start + block.Text.Length;
            if (Characters > _options.MaxCharacters)
            {
                Failure = new ExtractionFailure(ExtractionFailureKind.LimitExceeded,
                    $"The file holds more than {_options.MaxCharacters:N0} characters of text; split it into smaller files.");
                yield break;
            }

            yield return block with { Start = start };
        }
    }

    /// <summary>Frees temporary files. Idempotent.</summary>
    public void Dispose() => _owned?.Dispose();

    internal static ExtractionFailure TimeExceeded(ExtractionOptions options) => new(
        ExtractionFailureKind.LimitExceeded,
        $"Reading the file took longer than {options.TimeLimit.TotalSeconds:0} seconds; split it or simplify it.");

    /// <summary>Readers may refuse a file while they are opened, which has to happen within the first step.</summary>
    private IEnumerable<TextBlock> Lazily(CancellationToken cancellationToken)
    {
        foreach (var block in _read(cancellationToken))
            yield return block;
    }

    private TextBlock? TryNext(IEnumerator<TextBlock> blocks)
    {
        try
        {
            while (blocks.MoveNext())
            {
                if (blocks.Current.Text.Length > 0)
                    return blocks.Current;
            }
        }
        catch (ExtractionException refused)
        {
            Failure = refused.Failure;
        }

        return null;
    }
}
