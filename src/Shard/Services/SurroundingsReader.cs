using Google.Protobuf.Collections;
using Rag.Engine;
using Rag.Engine.Sparse;
using Rag.Engine.Storage;
using Rag.Internal.V1;
using Rag.Shard.Mapping;
using Rag.V1;

namespace Rag.Shard.Services;

/// <summary>What hits are shown with: a window of their text, and their neighbours. Thread-safe.</summary>
internal sealed class SurroundingsReader(ShardStore store)
{
    /// <summary>Adds one message for each of the chunks, which were read with their text where it is marked.</summary>
    public async Task AddAsync(
        SliceId slice, GetRequest request, WorkspaceProfile profile, IReadOnlyList<StoredChunk> chunks,
        RepeatedField<ChunkSurroundings> surroundings, CancellationToken ct)
    {
        var texts = request.Highlight is null ? [] : chunks.Select(chunk => chunk.Text ?? "").ToList();
        IReadOnlyList<TextSnippet> snippets = request.Highlight is null
            ? []
            : await store.HighlightAsync(slice, request.HighlightText, texts, request.Highlight.Length, ct);
        IReadOnlyList<ChunkNeighbours> neighbours = request.Neighbours == 0
            ? []
            : await store.GetNeighboursAsync(slice, [.. chunks.Select(chunk => chunk.Key)], request.Neighbours,
                ChunkMapping.ToFields(request.ReturnFields), ct);
        for (var i = 0; i < chunks.Count; i++)
        {
            var around = new ChunkSurroundings();
            if (snippets.Count > 0)
                around.Snippet = ToProto(snippets[i], texts[i]);
            if (neighbours.Count > 0)
            {
                around.Before.AddRange(
                    neighbours[i].Before.Select(chunk => ChunkMapping.ToProto(chunk, request.ReturnFields, profile)));
                around.After.AddRange(
                    neighbours[i].After.Select(chunk => ChunkMapping.ToProto(chunk, request.ReturnFields, profile)));
            }

            surroundings.Add(around);
        }
    }

    private static Snippet ToProto(TextSnippet snippet, string text)
    {
        var proto = new Snippet
        {
            Text = text[snippet.Start..snippet.End], StartOffset = snippet.Start, EndOffset = snippet.End,
        };
        foreach (var (start, end) in snippet.Matches)
            proto.Matches.Add(new TextSpan { StartOffset = start, EndOffset = end });
        return proto;
    }
}
