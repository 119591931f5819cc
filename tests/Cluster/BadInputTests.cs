using Google.Protobuf;
using Grpc.Core;
using Rag.Testing;
using Rag.V1;

namespace Rag.Cluster.Tests;

/// <summary>Bad input through a real server: the right code, a sentence that says what to do, and nothing half done.</summary>
public sealed class BadInputTests(BadInputTests.Server server) : IClassFixture<BadInputTests.Server>
{
    [Theory]
    [InlineData(-5, 0, "k")]
    [InlineData(10_000_000, 0, "k")]
    [InlineData(9_999, 2, "offset")]
    [InlineData(10, -1, "offset")]
    public async Task A_k_or_offset_out_of_range_is_refused(int k, int offset, string named)
    {
        var fault = await FaultOfAsync(new SearchRequest
        {
            Workspace = "good", K = k, Offset = offset, Vector = TestWorkspace.VectorOf(1, 2, 3, 4),
        });
        fault.StatusCode.ShouldBe(StatusCode.InvalidArgument);
        fault.Status.Detail.ShouldContain(named);
    }

    [Fact]
    public async Task A_vector_of_another_dimension_is_refused_with_both_dimensions()
    {
        var fault = await FaultOfAsync(Search(TestWorkspace.VectorOf(1, 2, 3)));
        fault.StatusCode.ShouldBe(StatusCode.InvalidArgument);
        fault.Status.Detail.ShouldContain("3");
        fault.Status.Detail.ShouldContain("4");
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    [InlineData(float.NegativeInfinity)]
    public async Task A_vector_that_is_not_finite_is_refused(float value)
    {
        (await FaultOfAsync(Search(TestWorkspace.VectorOf(1, value, 3, 4)))).StatusCode
            .ShouldBe(StatusCode.InvalidArgument);
        var result = await UpsertAsync("good", new Chunk
        {
            ChunkId = "nan", Vectors = { [""] = TestWorkspace.VectorOf(1, value, 3, 4) },
        });
        result.Error.Code.ShouldBe((int)StatusCode.InvalidArgument);
    }

    [Fact]
    public async Task An_empty_vector_and_a_zero_one_under_cosine_are_refused()
    {
        (await FaultOfAsync(Search(new Vector { Packed = ByteString.Empty }))).StatusCode
            .ShouldBe(StatusCode.InvalidArgument);
        var zero = new SearchRequest { Workspace = "cosine", K = 3, Vector = TestWorkspace.VectorOf(0, 0, 0, 0) };
        (await FaultOfAsync(zero)).StatusCode.ShouldBe(StatusCode.InvalidArgument);
        var result = await UpsertAsync("cosine", new Chunk
        {
            ChunkId = "zero", Vectors = { [""] = TestWorkspace.VectorOf(0, 0, 0, 0) },
        });
        result.Error.Code.ShouldBe((int)StatusCode.InvalidArgument);
        result.Error.Message.ShouldNotBeNullOrWhiteSpace();
    }

    [Fact]
    public async Task An_unknown_workspace_is_not_found()
    {
        var fault = await FaultOfAsync(new SearchRequest { Workspace = "nobody", K = 3, Vector = TestWorkspace.VectorOf(1, 2, 3, 4) });
        fault.StatusCode.ShouldBe(StatusCode.NotFound);
        fault.Status.Detail.ShouldContain("nobody");
    }

    [Fact]
    public async Task An_unknown_space_and_text_for_a_space_without_a_model_are_refused()
    {
        var unknown = Search(TestWorkspace.VectorOf(1, 2, 3, 4));
        unknown.Space = "missing";
        (await FaultOfAsync(unknown)).StatusCode.ShouldBeOneOf(StatusCode.InvalidArgument, StatusCode.NotFound);
        var text = new SearchRequest { Workspace = "good", K = 3, Text = "no model here" };
        (await FaultOfAsync(text)).StatusCode.ShouldBe(StatusCode.InvalidArgument);
        (await FaultOfAsync(new SearchRequest { Workspace = "good", K = 3 })).StatusCode
            .ShouldBe(StatusCode.InvalidArgument);
    }

    [Fact]
    public async Task Ids_and_texts_that_are_too_long_are_refused_item_by_item()
    {
        var longId = await UpsertAsync("good", new Chunk { ChunkId = new string('x', 257), Text = "t" });
        longId.Error.Code.ShouldBe((int)StatusCode.InvalidArgument);
        var noId = await UpsertAsync("good", new Chunk { Text = "t" });
        noId.Error.Code.ShouldBe((int)StatusCode.InvalidArgument);
        var longText = await UpsertAsync("good", new Chunk { ChunkId = "long", Text = new string('x', 64 * 1024 + 1) });
        longText.Error.Code.ShouldBe((int)StatusCode.InvalidArgument);
        longText.Error.Message.ShouldNotBeNullOrWhiteSpace();
    }

    [Fact]
    public async Task A_malformed_filter_is_refused()
    {
        var empty = Search(TestWorkspace.VectorOf(1, 2, 3, 4));
        empty.Filter = new Filter();
        (await FaultOfAsync(empty)).StatusCode.ShouldBe(StatusCode.InvalidArgument);

        var deep = new Filter { Exists = new ExistsFilter { Key = "a" } };
        for (var i = 0; i < 60; i++)
            deep = new Filter { Not = deep };
        var search = Search(TestWorkspace.VectorOf(1, 2, 3, 4));
        search.Filter = deep;
        (await FaultOfAsync(search)).StatusCode.ShouldBe(StatusCode.InvalidArgument);

        var bounds = Search(TestWorkspace.VectorOf(1, 2, 3, 4));
        bounds.Filter = new Filter { Range = new RangeFilter { Key = "a" } };
        (await FaultOfAsync(bounds)).StatusCode.ShouldBe(StatusCode.InvalidArgument);
    }

    [Fact]
    public async Task A_message_that_is_too_large_is_refused_and_the_server_goes_on()
    {
        var request = new UpsertChunksRequest { Workspace = "good" };
        for (var i = 0; i < 1000; i++)
            request.Chunks.Add(new ChunkWrite { Chunk = new Chunk { ChunkId = $"m{i}", Text = new string('x', 60_000) } });
        var fault = await Should.ThrowAsync<RpcException>(
            async () => await server.Chunks.UpsertChunksAsync(request));
        fault.StatusCode.ShouldBe(StatusCode.ResourceExhausted);
        var count = await server.Chunks.CountChunksAsync(new CountChunksRequest { Workspace = "good" });
        count.Count.ShouldBe(0);
    }

    [Fact]
    public async Task A_batch_of_too_many_items_is_refused_whole()
    {
        var request = new UpsertChunksRequest { Workspace = "good" };
        for (var i = 0; i < 1001; i++)
            request.Chunks.Add(new ChunkWrite { Chunk = new Chunk { ChunkId = $"b{i}" } });
        var fault = await Should.ThrowAsync<RpcException>(
            async () => await server.Chunks.UpsertChunksAsync(request));
        fault.StatusCode.ShouldBe(StatusCode.InvalidArgument);
        fault.Status.Detail.ShouldContain("1000");
    }

    private static SearchRequest Search(Vector vector) => new() { Workspace = "good", K = 3, Vector = vector };

    private async Task<RpcException> FaultOfAsync(SearchRequest request)
    {
        var fault = await Should.ThrowAsync<RpcException>(async () => await server.Searches.SearchAsync(request));
        fault.Status.Detail.ShouldNotBeNullOrWhiteSpace();
        fault.Status.Detail.ShouldNotContain("   at ");
        return fault;
    }

    private async Task<ChunkWriteResult> UpsertAsync(string workspace, Chunk chunk) =>
        (await server.Chunks.UpsertChunksAsync(new UpsertChunksRequest
        {
            Workspace = workspace, Chunks = { new ChunkWrite { Chunk = chunk } },
        })).Results.Single();

    /// <summary>One server for all of these tests.</summary>
    public sealed class Server : IAsyncLifetime
    {
        private readonly TemporaryFolder _data = new();
        private ServerProcess? _process;

        public ChunkService.ChunkServiceClient Chunks { get; private set; } = null!;

        public SearchService.SearchServiceClient Searches { get; private set; } = null!;

        public async ValueTask InitializeAsync()
        {
            _process = await ServerProcess.StartAsync("serve", FreePort.Next(), "--data", _data.Path);
            Chunks = new(_process.Channel);
            Searches = new(_process.Channel);
            await TestWorkspace.CreateAsync(_process.Channel, "good");
            await new WorkspaceService.WorkspaceServiceClient(_process.Channel).CreateWorkspaceAsync(
                new CreateWorkspaceRequest
                {
                    Workspace = new Workspace { Name = "cosine", Spaces = { new VectorSpace { Dimension = 4 } } },
                });
        }

        public async ValueTask DisposeAsync()
        {
            if (_process is not null)
                await _process.DisposeAsync();
            _data.Dispose();
        }
    }
}
