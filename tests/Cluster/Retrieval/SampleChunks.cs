using Rag.V1;

namespace Rag.Cluster.Tests.Retrieval;

/// <summary>Seeded chunks of documents of very different sizes, with vectors on a grid so that scores are often equal.</summary>
internal static class SampleChunks
{
    public const int Dimension = 4;

    private static readonly string[] Words = ["stone", "granite", "marbles", "wall", "walls", "house", "the", "runs"];

    public static VectorSpace Space => new() { Dimension = Dimension, Metric = Metric.L2 };

    public static List<Chunk> Make(int count, int documents, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(i =>
        {
            // The square root of a uniform number favours the last documents.
            var document = (int)(documents * Math.Sqrt(random.NextDouble()));
            var chunk = new Chunk
            {
                DocumentId = $"d{document}", ChunkId = i.ToString("D5"), Text = Text(random, random.Next(1, 12)),
                Vectors = { [""] = VectorOf(Vector(random)) },
                Metadata =
                {
                    ["color"] = new Value { StringValue = random.Next(4) switch { 0 => "red", 1 => "green", _ => "blue" } },
                    ["year"] = new Value { IntegerValue = random.Next(1990, 2030) },
                    ["price"] = new Value { FloatValue = random.Next(0, 100) / 4.0 },
                },
            };
            if (i % 3 == 0)
                chunk.Metadata["tags"] = new Value { StringList = new StringList { Values = { "a", i % 2 == 0 ? "b" : "c" } } };
            return chunk;
        })];
    }

    public static float[] Vector(Random random) =>
        [.. Enumerable.Range(0, Dimension).Select(_ => random.Next(-4, 5) / 4f)];

    public static string Text(Random random, int words) =>
        string.Join(' ', Enumerable.Range(0, words).Select(_ => Words[random.Next(Words.Length)]));

    public static Vector VectorOf(float[] values) => new() { Dense = new DenseVector { Values = { values } } };

    /// <summary>All chunks by rising distance, equal ones by key: the one order of hits.</summary>
    public static List<(Chunk Chunk, float Score)> Rank(IEnumerable<Chunk> chunks, float[] query) =>
        Ordered(chunks.Select(chunk =>
            (chunk, -chunk.Vectors[""].Dense.Values.Zip(query, (a, b) => (a - b) * (a - b)).Sum())));

    /// <summary>By falling score, equal ones by key.</summary>
    public static List<(Chunk Chunk, TScore Score)> Ordered<TScore>(IEnumerable<(Chunk Chunk, TScore Score)> scored) =>
        [.. scored
            .OrderByDescending(item => item.Score)
            .ThenBy(item => item.Chunk.DocumentId, StringComparer.Ordinal)
            .ThenBy(item => item.Chunk.ChunkId, StringComparer.Ordinal)];
}
