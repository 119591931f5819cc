using Rag.Ingestor.Extraction;

namespace Rag.Ingestor.Chunking;

/// <summary>
/// Cuts a document's blocks into chunks as they come: at headings, else between paragraphs, else between sentences.
/// Memory is bounded by a block and a chunk. Thread-safe; each document has a state of its own.
/// </summary>
public sealed class Chunker
{
    /// <summary>
    /// Changes whenever the same blocks would give other chunks, so that documents are indexed again.
    /// </summary>
    public const int Version = 1;

    private readonly ChunkingOptions _options;
    private readonly ITokenCounter _counter;

    /// <summary>Throws <see cref="ArgumentException"/> for unusable options.</summary>
    public Chunker(ChunkingOptions options, ITokenCounter counter)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(counter);
        if (options.Validate() is { Count: > 0 } errors)
            throw new ArgumentException("Chunking options: " + string.Join("; ", errors), nameof(options));
        _options = options;
        _counter = counter;
    }

    /// <summary>
    /// The chunks of one document in reading order. The same blocks give the same chunks.
    /// </summary>
    /// <param name="blocks">Blocks with their <see cref="TextBlock.Start"/> set; read as the chunks are.</param>
    public IEnumerable<Chunk> Split(IEnumerable<TextBlock> blocks)
    {
        var splitter = new UnitSplitter(_options, _counter);
        var path = new HeadingPath();
        var draft = new ChunkDraft(_options, _counter);
        var leastSection = Math.Min(_options.LeastSectionTokens, _options.TargetTokens / 2);
        foreach (var block in blocks)
        {
            if (block.Kind is BlockKind.Heading or BlockKind.Declaration)
            {
                if (draft.ContentTokens >= leastSection && draft.Take(ChunkCut.Section) is { } section)
                    yield return section;
                draft.DropOverlap();
                path.Enter(block.Level, block.Kind == BlockKind.Heading ? block.Text : SourceCodeBlocks.NameOf(block.Text));
            }

            var units = splitter.Split(block);
            var remaining = units.Sum(unit => unit.Tokens);
            for (var i = 0; i < units.Count; i++)
            {
                if (draft.EndsBefore(units[i], isBlockStart: i == 0, remaining) && draft.Take(ChunkCut.Limit) is { } full)
                    yield return full;
                if (!draft.Fits(units[i]))
                    draft.DropOverlap();
                draft.Add(units[i], path.Current);
                remaining -= units[i].Tokens;
            }
        }

        while (draft.Take(ChunkCut.End) is { } last)
            yield return last;
    }
}
