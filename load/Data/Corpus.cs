using System.Numerics.Tensors;
using Rag.Load.Scenarios;

namespace Rag.Load.Data;

/// <summary>
/// Seeded data: the same seed makes the same workspaces, chunks and queries at any time and in any order, so that nothing
/// has to be kept to check an answer. Vectors of a workspace lie in some clusters, as passages of its documents do; a
/// query is a chunk with noise. Thread-safe.
/// </summary>
internal sealed class Corpus(DataSpec data, int seed)
{
    private const int ClustersPerWorkspace = 16;
    private const float ChunkNoise = 0.6f;
    private const float QueryNoise = 0.35f;

    public DataSpec Data { get; } = data;

    public static string WorkspaceName(int workspace) => $"load-{workspace:D6}";

    public static string ChunkId(int chunk) => $"c{chunk:D7}";

    /// <summary>The vector of a chunk as of a revision; 0 is what was loaded.</summary>
    public void ChunkVector(int workspace, int chunk, int revision, Span<float> vector)
    {
        var random = new SeededValues(seed, workspace, chunk, revision);
        Span<float> center = stackalloc float[vector.Length];
        new SeededValues(seed, workspace, -1 - (int)(random.Next() % ClustersPerWorkspace), 0).Fill(center);
        random.Fill(vector);
        Mix(center, ChunkNoise, vector);
    }

    /// <summary>A query near one of the workspace's chunks.</summary>
    public void QueryVector(int workspace, int query, Span<float> vector)
    {
        var random = new SeededValues(seed, workspace, query, -1);
        Span<float> chunk = stackalloc float[vector.Length];
        ChunkVector(workspace, (int)(random.Next() % (ulong)Math.Max(1, Data.Chunks)), 0, chunk);
        random.Fill(vector);
        Mix(chunk, QueryNoise * MathF.Sqrt(1f / vector.Length) * MathF.Sqrt(3), vector);
    }

    /// <summary>The tenant-like group that a chunk is filtered by, one of ten.</summary>
    public static int GroupOf(int chunk) => chunk % 10;

    public string ChunkText(int workspace, int chunk, int revision) =>
        Words.Passage(new SeededValues(seed, workspace, chunk, revision), 60);

    public string QueryText(int workspace, int query) => Words.Passage(new SeededValues(seed, workspace, query, -2), 6);

    /// <summary>vector = normalised (center + noise × vector).</summary>
    private static void Mix(ReadOnlySpan<float> center, float noise, Span<float> vector)
    {
        TensorPrimitives.Multiply(vector, noise, vector);
        TensorPrimitives.Add(vector, center, vector);
        TensorPrimitives.Divide(vector, TensorPrimitives.Norm<float>(vector), vector);
    }
}
