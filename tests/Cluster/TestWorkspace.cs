using Grpc.Net.Client;
using Rag.V1;

namespace Rag.Cluster.Tests;

/// <summary>A workspace of small vectors on a real server, with the calls that these tests make.</summary>
internal sealed class TestWorkspace(GrpcChannel channel, string name)
{
    public const int Dimension = 4;

    public ChunkService.ChunkServiceClient Chunks { get; } = new(channel);

    public SearchService.SearchServiceClient Searches { get; } = new(channel);

    public string Name => name;

    public static async Task<TestWorkspace> CreateAsync(GrpcChannel channel, string name)
    {
        await new WorkspaceService.WorkspaceServiceClient(channel).CreateWorkspaceAsync(new CreateWorkspaceRequest
        {
            Workspace = new Workspace
            {
                Name = name, Spaces = { new VectorSpace { Dimension = Dimension, Metric = Metric.L2 } },
            },
        });
        return new TestWorkspace(channel, name);
    }

    public async Task UpsertAsync(string chunkId, string text)
    {
        var response = await Chunks.UpsertChunksAsync(new UpsertChunksRequest
        {
            Workspace = name,
            Chunks =
            {
                new ChunkWrite
                {
                    Chunk = new Chunk { ChunkId = chunkId, Text = text, Vectors = { [""] = VectorOf(1, 2, 3, 4) } },
                },
            },
        });
        response.Results.Single().Error.ShouldBeNull();
    }

    public async Task<string> ReadAsync(string chunkId) => (await Chunks.GetChunksAsync(new GetChunksRequest
    {
        Workspace = name, Keys = { new ChunkKey { ChunkId = chunkId } },
    })).Chunks.Single().Text;

    public async Task<int> CountBySearchAsync() => (await Searches.SearchAsync(new SearchRequest
    {
        Workspace = name, K = 1000, Vector = VectorOf(1, 2, 3, 4),
    })).Hits.Count;

    public static Vector VectorOf(params float[] values) => new() { Dense = new DenseVector { Values = { values } } };
}
