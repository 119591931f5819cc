using System.Text;
using Rag.Ingestor.Chunking;
using Rag.Ingestor.Extraction;
using Rag.Metadata;
using Rag.V1;

namespace Rag.Ingestor.Documents;

/// <summary>Collects the chunks of one document into batches for the router. For one thread.</summary>
internal sealed class ChunkBatcher
{
    private const int LongestTitle = 200;

    private readonly IngestorOptions _options;
    private readonly string _documentId;
    private readonly DocumentSource _source;
    private List<V1.Chunk> _batch = [];
    private int _bytes;

    public ChunkBatcher(JobRecord job, IngestorOptions options)
    {
        _options = options;
        _documentId = job.DocumentId;
        _source = job.Metadata.IsEmpty ? new DocumentSource() : DocumentSource.Parser.ParseFrom(job.Metadata.Span);
    }

    /// <summary>Adds a chunk; returns the batch before it where that is full.</summary>
    /// <param name="title">The document's, as far as it is known by now; null for none.</param>
    public IReadOnlyList<V1.Chunk>? Add(Chunking.Chunk chunk, string? title)
    {
        var bytes = Encoding.UTF8.GetByteCount(chunk.Text);
        var full = _batch.Count > 0 && (_batch.Count == _options.BatchChunks || _bytes + bytes > _options.BatchBytes)
            ? TakeRest()
            : null;
        _batch.Add(Convert(chunk, title));
        _bytes += bytes;
        return full;
    }

    /// <summary>What is left, or null.</summary>
    public IReadOnlyList<V1.Chunk>? TakeRest()
    {
        if (_batch.Count == 0)
            return null;
        var taken = _batch;
        _batch = [];
        _bytes = 0;
        return taken;
    }

    private V1.Chunk Convert(Chunking.Chunk chunk, string? title)
    {
        var converted = new V1.Chunk
        {
            DocumentId = _documentId,
            ChunkId = chunk.Id,
            Text = chunk.Text,
            Passage = new Passage { StartOffset = chunk.Start, EndOffset = chunk.End, Page = chunk.Page },
        };
        converted.Passage.HeadingPath.Add(chunk.HeadingPath);
        // As long as a heading at most: it stands in every passage.
        if (title is not null)
            converted.Passage.Title = title[..TextCut.FirstPart(title, LongestTitle)].TrimEnd();
        foreach (var (key, value) in _source.Metadata)
            converted.Metadata.Add(key, value);
        return converted;
    }
}
