using Grpc.Core;
using Grpc.Net.Client;
using Rag.Hosting.Topology;
using Rag.V1;

namespace Rag.Cluster.Tests;

/// <summary>Seeded chunks with vectors, many of them equal so that ties matter, and the exact answers to searches.</summary>
internal sealed class Corpus
{
    public const string Workspace = "spread";

    private static readonly string[] Vocabulary = ["stone", "granite", "marble", "wall", "wall", "house", "house", "house"];

    private readonly List<(string Id, float[] Vector, string Text)> _chunks = [];

    public IEnumerable<string> Documents => _chunks.Select(chunk => chunk.Id);

    public static Corpus Make(int count, int dimension, int seed)
    {
        var random = new Random(seed);
        var corpus = new Corpus();
        for (var i = 0; i < count; i++)
        {
            // Every fourth chunk repeats the vector of one before it.
            var vector = i % 4 == 3 ? corpus._chunks[random.Next(i)].Vector : Vector(random, dimension);
            corpus._chunks.Add(($"c{random.Next(100_000)}-{i}", vector, Words(random, random.Next(1, 9))));
        }

        return corpus;
    }

    public static float[] Vector(Random random, int dimension) =>
        [.. Enumerable.Range(0, dimension).Select(_ => (float)(random.Next(-8, 9) / 8.0))];

    public static string Words(Random random, int count) =>
        string.Join(' ', Enumerable.Range(0, count).Select(_ => Vocabulary[random.Next(Vocabulary.Length)]));

    public int PartitionOf(string document, Workspace workspace) =>
        workspace.Partitions[Placement.BucketOf(document, workspace.Spread)];

    public async Task LoadAsync(GrpcChannel channel, int spread)
    {
        await new WorkspaceService.WorkspaceServiceClient(channel).CreateWorkspaceAsync(new CreateWorkspaceRequest
        {
            Workspace = new Workspace
            {
                Name = Workspace, Spread = spread,
                Spaces = { new VectorSpace { Dimension = _chunks[0].Vector.Length, Metric = Metric.L2 } },
            },
        });
        var client = new ChunkService.ChunkServiceClient(channel);
        foreach (var batch in _chunks.Chunk(250))
        {
            var request = new UpsertChunksRequest { Workspace = Workspace };
            request.Chunks.AddRange(batch.Select(chunk => new ChunkWrite
            {
                Chunk = new Chunk
                {
                    ChunkId = chunk.Id, Text = chunk.Text,
                    Vectors = { [""] = new Vector { Dense = new DenseVector { Values = { chunk.Vector } } } },
                },
            }));
            (await client.UpsertChunksAsync(request)).Results.ShouldAllBe(result => result.Error == null);
        }
    }

    /// <summary>Ids by rising distance, equal ones in bytewise order (the ids are ASCII).</summary>
    public List<string> Exact(float[] query, int k, int offset) =>
        [.. _chunks
            .OrderBy(chunk => chunk.Vector.Zip(query, (a, b) => (a - b) * (a - b)).Sum())
            .ThenBy(chunk => chunk.Id, StringComparer.Ordinal)
            .Skip(offset).Take(k).Select(chunk => chunk.Id)];
}
