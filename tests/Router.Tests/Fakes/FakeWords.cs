using Rag.Internal.V1;
using Rag.V1;

namespace Rag.Router.Tests.Fakes;

/// <summary>How fake shards score words: count × ln(1 + N / df), so that only the sum over all partitions is right.</summary>
internal static class FakeWords
{
    public static string[] Of(string text) => [.. text.Split(' ', StringSplitOptions.RemoveEmptyEntries).Distinct()];

    public static TextStatistics Weigh(IReadOnlyCollection<Chunk> chunks, string query)
    {
        var statistics = new TextStatistics { Documents = chunks.Count, TotalLength = chunks.Sum(chunk => chunk.Text.Length) };
        statistics.DocumentCounts.AddRange(Of(query).Select(word => (long)chunks.Count(chunk => CountOf(word, chunk) > 0)));
        return statistics;
    }

    public static IEnumerable<SearchHit> Find(IEnumerable<Chunk> chunks, string query, TextStatistics weights)
    {
        var words = Of(query);
        foreach (var chunk in chunks)
        {
            var score = words.Select((word, i) => weights.DocumentCounts[i] == 0
                ? 0
                : CountOf(word, chunk) * Math.Log(1 + (double)weights.Documents / weights.DocumentCounts[i])).Sum();
            if (score > 0)
                yield return new SearchHit { DocumentId = chunk.DocumentId, ChunkId = chunk.ChunkId, Score = (float)score, Text = chunk.Text };
        }
    }

    private static int CountOf(string word, Chunk chunk) => chunk.Text.Split(' ').Count(other => other == word);
}
