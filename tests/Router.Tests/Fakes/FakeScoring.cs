using System.Runtime.InteropServices;
using System.Text;
using Google.Protobuf;
using Rag.V1;

namespace Rag.Router.Tests.Fakes;

/// <summary>How fake shards embed, score and order: simple enough for a test to compute the same.</summary>
internal static class FakeScoring
{
    public const int Dimension = 4;

    public static float[] Embed(string text)
    {
        var vector = new float[Dimension];
        foreach (var character in text)
            vector[character % Dimension] += 1 + (character % 7);
        return vector;
    }

    public static float[] ToFloats(ByteString packed) => MemoryMarshal.Cast<byte, float>(packed.Span).ToArray();

    public static SearchHit ToHit(Chunk chunk, float[] query, string space)
    {
        var score = 0f;
        var vector = ToFloats(chunk.Vectors[space].Packed);
        for (var i = 0; i < query.Length; i++)
            score += query[i] * vector[i];
        return new SearchHit
        {
            DocumentId = chunk.DocumentId, ChunkId = chunk.ChunkId, Score = score, Text = chunk.Text,
        };
    }

    /// <summary>Score descending, then document id, then chunk id, by the bytes of their UTF-8.</summary>
    public static IEnumerable<SearchHit> Best(IEnumerable<SearchHit> hits) => hits
        .OrderByDescending(hit => hit.Score)
        .ThenBy(hit => hit.DocumentId, Utf8.Instance).ThenBy(hit => hit.ChunkId, Utf8.Instance);

    private sealed class Utf8 : IComparer<string>
    {
        public static readonly Utf8 Instance = new();

        public int Compare(string? left, string? right) =>
            Encoding.UTF8.GetBytes(left!).AsSpan().SequenceCompareTo(Encoding.UTF8.GetBytes(right!));
    }
}
