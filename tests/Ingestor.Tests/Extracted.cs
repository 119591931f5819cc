using System.Text;
using Rag.Ingestor.Chunking;
using Rag.Ingestor.Extraction;

namespace Rag.Ingestor.Tests;

/// <summary>What came out of one file.</summary>
internal sealed record Extracted(
    FileFormat? Format, string? Title, ExtractionFailure? Failure, IReadOnlyList<TextBlock> Blocks)
{
    public string Text
    {
        get
        {
            var text = new StringBuilder();
            foreach (var block in Blocks)
                text.Append(text.Length > 0 ? block.Separator : "").Append(block.Text);
            return text.ToString();
        }
    }

    public IEnumerable<string> OfKind(BlockKind kind) => Blocks.Where(block => block.Kind == kind).Select(block => block.Text);

    public IReadOnlyList<Chunk> Chunks(ChunkingOptions? options = null) =>
        [.. new Chunker(options ?? new ChunkingOptions(), new WordCounter()).Split(Blocks)];

    public static Task<Extracted> FromTextAsync(string name, string text, ExtractionOptions? options = null) =>
        FromBytesAsync(name, Encoding.UTF8.GetBytes(text), options);

    public static Task<Extracted> FromBytesAsync(string name, byte[] bytes, ExtractionOptions? options = null) =>
        FromFileAsync(new SourceFile(name, new MemoryStream(bytes)), options);

    public static async Task<Extracted> FromFileAsync(SourceFile file, ExtractionOptions? options = null)
    {
        using var extraction = await new DocumentExtractor(options).OpenAsync(file, TestContext.Current.CancellationToken);
        var blocks = extraction.ReadBlocks(TestContext.Current.CancellationToken).ToList();
        return new Extracted(extraction.Format, extraction.Title, extraction.Failure, blocks);
    }
}
