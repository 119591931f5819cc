using System.Net;
using System.Runtime.InteropServices;
using BenchmarkDotNet.Attributes;
using Google.Protobuf;
using Microsoft.Extensions.Logging;
using Rag.Benchmarks.Layers;
using Rag.Cli.Composition;
using Rag.V1;

namespace Rag.Benchmarks;

/// <summary>
/// What a server allocates for one unary search, from its request's first byte on the socket to its answer's last one: the
/// caller, in the same process, allocates nothing. A workspace of 100 chunks with 384 dimensions, ten hits with text,
/// metadata and passage.
/// </summary>
[MemoryDiagnoser]
public class SearchAllocationBenchmarks
{
    /// <summary>Bytes that one search may allocate in the server; a test holds it to that.</summary>
    public const long BudgetBytes = 4096;

    private const int Dimension = 384;
    private const int Chunks = 100;

    private readonly string _folder = Directory.CreateTempSubdirectory("rag-bench-").FullName;
    private EngineHost _engine = null!;
    private RawHttp2Connection _connection = null!;
    private byte[] _request = [];

    [GlobalSetup]
    public async Task SetupAsync()
    {
        _engine = await EngineHost.StartAsync(
            new EngineHostOptions { Data = new DataFolder(_folder), Listen = new IPEndPoint(IPAddress.Loopback, 0) },
            LogLevel.Error, CancellationToken.None);
        var workspace = new Workspace { Name = "docs", Spaces = { new VectorSpace { Dimension = Dimension, Metric = Metric.Cosine } } };
        await new WorkspaceService.WorkspaceServiceClient(_engine.Invoker).CreateWorkspaceAsync(
            new CreateWorkspaceRequest { Workspace = workspace });
        var random = new Random(1);
        var chunks = new UpsertChunksRequest { Workspace = "docs", RequestId = Guid.CreateVersion7().ToString() };
        for (var i = 0; i < Chunks; i++)
        {
            var chunk = new Chunk { ChunkId = $"c{i}", Text = $"Passage number {i}, some words long.", Passage = new Passage { EndOffset = 36 } };
            chunk.Metadata["number"] = new Value { IntegerValue = i };
            chunk.Metadata["language"] = new Value { StringValue = "en" };
            chunk.Vectors[""] = VectorOf(random);
            chunks.Chunks.Add(new ChunkWrite { Chunk = chunk });
        }

        await new ChunkService.ChunkServiceClient(_engine.Invoker).UpsertChunksAsync(chunks);
        _request = new SearchRequest { Workspace = "docs", Vector = VectorOf(random) }.ToByteArray();
        var address = new Uri(_engine.Address!);
        _connection = new RawHttp2Connection(new IPEndPoint(IPAddress.Loopback, address.Port), "/rag.v1.SearchService/Search");
        for (var i = 0; i < 1000; i++)
            Search();
    }

    [GlobalCleanup]
    public async Task CleanupAsync()
    {
        _connection.Dispose();
        await _engine.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>One search after the other.</summary>
    [Benchmark]
    public int Search() => _connection.Call(_request);

    private static Vector VectorOf(Random random)
    {
        var values = new float[Dimension];
        for (var i = 0; i < values.Length; i++)
            values[i] = random.NextSingle() - 0.5f;
        return new Vector { Packed = ByteString.CopyFrom(MemoryMarshal.AsBytes(values.AsSpan())) };
    }
}
