using System.Buffers;
using Rag.Hosting.Wire;
using Rag.V1;

namespace Rag.Load.Driving;

/// <summary>What is looked at of every answer: whose it is, and whether it is one.</summary>
internal static class AnswerBytes
{
    // SearchStreamResponse
    private const byte CorrelationId = 1 << 3 | 0;
    private const byte Result = 2 << 3 | 2;

    // SearchResult
    private const byte Response = 1 << 3 | 2;

    // Number, tags and lengths.
    private const int HeadBytes = 32;

    /// <summary>The beginning of a rag.v1.SearchStreamResponse. What is not understood is no response.</summary>
    public static (ulong Number, bool IsResponse) ReadItem(ReadOnlySequence<byte> payload)
    {
        Span<byte> head = stackalloc byte[HeadBytes];
        scoped var bytes = payload.FirstSpan;
        if (bytes.Length < Math.Min(payload.Length, HeadBytes))
        {
            var beginning = payload.Slice(0, Math.Min(payload.Length, HeadBytes));
            beginning.CopyTo(head);
            bytes = head[..(int)beginning.Length];
        }

        var reader = new WireReader(bytes);
        if (!reader.TryReadTag(out var tag) || tag != CorrelationId || !reader.TryReadVarint(out var number))
            return (0, false);
        return (number, reader.TryReadTag(out tag) && tag == Result && reader.TryReadVarint(out _)
            && reader.TryReadTag(out tag) && tag == Response);
    }

    /// <summary>Whether the bytes of a rag.v1.SearchResult are a response.</summary>
    public static bool IsResponse(ReadOnlySpan<byte> result) =>
        new WireReader(result).TryReadTag(out var tag) && tag == Response;

    public static string[] Ids(SearchResponse response) => [.. response.Hits.Select(static hit => hit.ChunkId)];
}
