using Google.Protobuf;
using Grpc.Core;
using Rag.Router.Tests.Fakes;
using Rag.V1;

namespace Rag.Router.Tests.Validation;

public sealed class BadInputTests(SharedRouter shared) : IClassFixture<SharedRouter>
{
    private static readonly string TooLong = new('é', 129);

    public static TheoryData<string, Action<SearchRequest>, string> Searches { get; } = new()
    {
        { "no workspace", search => search.Workspace = "", "workspace" },
        { "a workspace's name that is too long", search => search.Workspace = TooLong, "workspace" },
        { "a control character in the name", search => search.Workspace = "a\nb", "workspace" },
        { "neither text nor vector", search => search.Text = "", "text" },
        { "too much text", search => search.Text = new string('x', 65_537), "text" },
        { "a negative k", search => search.K = -1, "k" },
        { "k of 10 million", search => search.K = 10_000_000, "k" },
        { "k and offset over the limit", search => (search.K, search.Offset) = (9_000, 1_001), "k" },
        { "an overflowing sum", search => (search.K, search.Offset) = (int.MaxValue, int.MaxValue), "k" },
        { "a negative offset", search => search.Offset = -5, "offset" },
        { "an unknown mode", search => search.Mode = (SearchMode)99, "mode" },
        { "words without a text", search => (search.Mode, search.Text, search.Vector) = (SearchMode.Hybrid, "", Dense(1, 0, 0, 0)), "text" },
        { "words with a vector", search => (search.Mode, search.Vector) = (SearchMode.Sparse, Dense(1, 0, 0, 0)), "vector" },
        { "a mix of one list", search => search.Fusion = new Fusion(), "fusion" },
        { "an unknown way to mix", search => Mix(search).Method = (FusionMethod)9, "fusion.method" },
        { "a negative weight", search => Mix(search).DenseWeight = -1, "fusion.dense_weight" },
        { "a weight of NaN", search => Mix(search).SparseWeight = float.NaN, "fusion.sparse_weight" },
        { "no weight at all", search => (Mix(search).DenseWeight, search.Fusion.SparseWeight) = (0, 0), "fusion" },
        { "a rank constant for scores", search => Mix(search).RankConstant = 60, "fusion.rank_constant" },
        { "fewer candidates than hits", search => Mix(search).Candidates = 9, "fusion.candidates" },
        { "too many candidates", search => Mix(search).Candidates = 10_001, "fusion.candidates" },
        { "the client as encoder", search => search.Encoder = Encoder.Client, "encoder" },
        { "a recall target below the least", search => search.RecallTarget = 0.4f, "recall_target" },
        { "a recall target of NaN", search => search.RecallTarget = float.NaN, "recall_target" },
        { "an ef of 0", search => search.Ef = 0, "ef" },
        { "an ef over the limit", search => search.Ef = 10_001, "ef" },
        { "a threshold of NaN", search => search.ScoreThreshold = float.NaN, "score_threshold" },
        { "an unknown space", search => search.Space = "images", "space" },
        {
            "vectors of an unknown space to return",
            search => search.ReturnFields = new ReturnFields { Vectors = { "x" } },
            "return_fields.vectors"
        },
        { "an empty vector", search => search.Vector = new Vector(), "vector" },
        { "a vector of a wrong dimension", search => search.Vector = Dense(1, 2, 3), "vector" },
        {
            "packed bytes that are no floats",
            search => search.Vector = new Vector { Packed = ByteString.CopyFrom(new byte[15]) },
            "vector"
        },
        { "NaN in a vector", search => search.Vector = Dense(1, float.NaN, 0, 0), "vector" },
        {
            "an infinity in a packed vector",
            search => search.Vector = Packed(1, 0, float.NegativeInfinity, 0),
            "vector"
        },
        { "a zero vector", search => search.Vector = Dense(0, -0f, 0, 0), "vector" },
        { "a packed zero vector", search => search.Vector = Packed(0, -0f, 0, 0), "vector" },
        { "an empty filter", search => search.Filter = new Filter(), "filter" },
        { "a filter without a key", search => search.Filter = Equal("", "v"), "filter.equal.key" },
        {
            "a filter without a value",
            search => search.Filter = new Filter { Equal = new EqualFilter { Key = "k" } },
            "filter.equal.value"
        },
        {
            "a filter on a list",
            search =>
                search.Filter = new Filter {
                    Equal = new EqualFilter { Key = "k", Value = new Value { StringList = new StringList() } } },
            "filter.equal.value"
        },
        {
            "values of two types",
            search =>
                search.Filter = new Filter {
                    In = new InFilter { Key = "k", Values = { Text("a"), new Value { IntegerValue = 1 } } } },
            "filter.in.values[1]"
        },
        {
            "a range without bounds",
            search => search.Filter = new Filter { Range = new RangeFilter { Key = "k" } },
            "filter.range"
        },
        {
            "two lower bounds",
            search =>
                search.Filter = new Filter {
                    Range = new RangeFilter { Key = "k", AtLeast = Text("a"), GreaterThan = Text("a") } },
            "filter.range"
        },
        {
            "a range over bools",
            search =>
                search.Filter = new Filter {
                    Range = new RangeFilter { Key = "k", AtLeast = new Value { BoolValue = true } } },
            "filter.range"
        },
        {
            "a filter in a filter",
            search =>
                search.Filter = new Filter { Any = new FilterList { Filters = { Equal("k", "v"), new Filter() } } },
            "filter.any.filters[1]"
        },
        {
            "a filter that is too deep",
            search => search.Filter = Deep(17), "filter" + string.Concat(Enumerable.Repeat(".not", 16))
        },
        { "too many conditions", search => search.Filter = Wide(256), "filter.all.filters[255]" },
        {
            "too many values",
            search =>
                search.Filter = new Filter {
                    In = new InFilter { Key = "k", Values = { Enumerable.Repeat(Text("a"), 1025) } } },
            "filter.in.values"
        },
        { "a foreign token", search => search.MinConsistencyToken = "AAAA", "min_consistency_token" },
    };

    [Theory]
    [MemberData(nameof(Searches))]
    public async Task A_search_with_bad_input_names_the_field(string what, Action<SearchRequest> spoil, string field)
    {
        var fixture = shared.Fixture;
        var search = new SearchRequest { Workspace = "docs", Text = "text" };
        spoil(search);
        var searches = fixture.Shards[0].Calls.Count(call => call == "SearchSlices");
        var error = await RouterFixture.FailureAsync(fixture.Search.SearchAsync(search));
        error.StatusCode.ShouldBe(StatusCode.InvalidArgument, what);
        RouterFixture.FieldsOf(error).ShouldBe([field], what);
        error.Status.Detail.ShouldEndWith(".");
        fixture.Shards[0].Calls.Count(call => call == "SearchSlices").ShouldBe(searches);
    }

    [Fact]
    public async Task A_filter_at_the_limits_is_taken_and_one_far_beyond_them_is_refused_quickly()
    {
        var fixture = shared.Fixture;
        foreach (var filter in new[] { Deep(16), Wide(255) })
            await fixture.Search.SearchAsync(new SearchRequest { Workspace = "docs", Text = "text", Filter = filter });
        (await RouterFixture.FailureAsync(fixture.Search.SearchAsync(
            new SearchRequest { Workspace = "docs", Text = "text", Filter = Deep(5000) })))
            .StatusCode.ShouldBe(StatusCode.InvalidArgument);
    }

    [Fact]
    public async Task All_faults_of_a_request_are_told_at_once()
    {
        var fixture = shared.Fixture;
        var error = await RouterFixture.FailureAsync(fixture.Search.SearchAsync(
            new SearchRequest { K = -1, Offset = -1, Mode = (SearchMode)7 }));
        RouterFixture.FieldsOf(error).ShouldBe(["workspace", "text", "k", "offset", "mode"], ignoreOrder: true);
    }

    [Fact]
    public async Task An_unknown_workspace_is_not_found_by_any_call()
    {
        var fixture = shared.Fixture;
        const string none = "none";
        await IsNotFoundAsync(fixture.Search.SearchAsync(new SearchRequest { Workspace = none, Text = "text" }));
        await IsNotFoundAsync(fixture.Chunks.CountChunksAsync(new CountChunksRequest { Workspace = none }));
        await IsNotFoundAsync(fixture.Chunks.ListChunksAsync(new ListChunksRequest { Workspace = none }));
        await IsNotFoundAsync(fixture.Workspaces.GetWorkspaceAsync(new GetWorkspaceRequest { Workspace = none }));
        await IsNotFoundAsync(fixture.Workspaces.DeleteWorkspaceAsync(new DeleteWorkspaceRequest { Workspace = none }));
        await IsNotFoundAsync(fixture.Ingest.ListDocumentsAsync(new ListDocumentsRequest { Workspace = none }));

        static async Task IsNotFoundAsync<T>(AsyncUnaryCall<T> call) =>
            (await RouterFixture.FailureAsync(call)).StatusCode.ShouldBe(StatusCode.NotFound);
    }

    public static TheoryData<string, Action<Workspace>, string> NewWorkspaces { get; } = new()
    {
        { "no name", workspace => workspace.Name = "", "workspace.name" },
        { "a spread that is no power of two", workspace => workspace.Spread = 3, "workspace.spread" },
        { "a spread over the partitions", workspace => workspace.Spread = 32, "workspace.spread" },
        { "a negative spread", workspace => workspace.Spread = -1, "workspace.spread" },
        {
            "nine spaces",
            workspace =>
                workspace.Spaces.Add(Enumerable.Range(0, 9).Select(i => new VectorSpace {
                    Name = $"{i}", Dimension = 3 })),
            "workspace.spaces"
        },
        {
            "two spaces of one name",
            workspace =>
                workspace.Spaces.Add([new VectorSpace { Dimension = 3 }, new VectorSpace { Dimension = 3 }]),
            "workspace.spaces[1].name"
        },
        {
            "a dimension over the limit",
            workspace => workspace.Spaces.Add(new VectorSpace { Dimension = 4097 }),
            "workspace.spaces[0].dimension"
        },
        {
            "neither model nor dimension",
            workspace => workspace.Spaces.Add(new VectorSpace()),
            "workspace.spaces[0].dimension"
        },
        {
            "an unknown model",
            workspace => workspace.Spaces.Add(new VectorSpace { Model = "gpt" }),
            "workspace.spaces[0].model"
        },
        {
            "a dimension that is not the model's",
            workspace => workspace.Spaces.Add(new VectorSpace { Model = "tiny", Dimension = 5 }),
            "workspace.spaces[0].dimension"
        },
        {
            "an unknown metric",
            workspace => workspace.Spaces.Add(new VectorSpace { Dimension = 3, Metric = (Metric)9 }),
            "workspace.spaces[0].metric"
        },
        {
            "a tiny target",
            workspace => workspace.Chunking = new ChunkingSettings { TargetTokens = 3 },
            "workspace.chunking.target_tokens"
        },
        {
            "more tokens than the model reads",
            workspace => workspace.Chunking = new ChunkingSettings { MaxTokens = 255 },
            "workspace.chunking.max_tokens"
        },
        {
            "a target over the maximum",
            workspace => workspace.Chunking = new ChunkingSettings { TargetTokens = 100, MaxTokens = 50 },
            "workspace.chunking.max_tokens"
        },
        {
            "an overlap over half of the target",
            workspace => workspace.Chunking = new ChunkingSettings { TargetTokens = 100, OverlapTokens = 51 },
            "workspace.chunking.overlap_tokens"
        },
        { "a label without a key", workspace => workspace.Labels.Add("", "v"), "workspace.labels" },
        {
            "a label that is too long",
            workspace => workspace.Labels.Add("k", new string('x', 1025)),
            "workspace.labels[k]"
        },
    };

    [Theory]
    [MemberData(nameof(NewWorkspaces))]
    public async Task A_workspace_that_breaks_a_rule_is_not_made(string what, Action<Workspace> spoil, string field)
    {
        var fixture = shared.Fixture;
        var workspace = new Workspace { Name = "new" };
        spoil(workspace);
        var error = await RouterFixture.FailureAsync(fixture.Workspaces.CreateWorkspaceAsync(
            new CreateWorkspaceRequest { Workspace = workspace }));
        error.StatusCode.ShouldBe(StatusCode.InvalidArgument, what);
        RouterFixture.FieldsOf(error).ShouldBe([field], what);
        (await fixture.Workspaces.ListWorkspacesAsync(new ListWorkspacesRequest())).Workspaces.Count.ShouldBe(1);
    }

    public static TheoryData<string, Action<ChunkWrite>> Items { get; } = new()
    {
        { "an id that is too long", item => item.Chunk.ChunkId = TooLong },
        { "a document id that is too long", item => item.Chunk.DocumentId = TooLong },
        { "neither text nor vector", item => item.Chunk.Text = "" },
        { "a vector of an unknown space", item => item.Chunk.Vectors["x"] = Dense(1, 2, 3, 4) },
        { "NaN in a vector", item => item.Chunk.Vectors[""] = Packed(1, float.NaN, 0, 0) },
        { "a zero vector", item => item.Chunk.Vectors[""] = Packed(0, 0, 0, 0) },
        { "metadata without a kind", item => item.Chunk.Metadata["k"] = new Value() },
        { "metadata without a key", item => item.Chunk.Metadata[""] = Text("v") },
        { "NaN in metadata", item => item.Chunk.Metadata["k"] = new Value { FloatValue = double.NaN } },
        { "a keyword that is too long", item => item.Chunk.Metadata["k"] = Text(new string('x', 8193)) },
        {
            "a list that is too long",
            item =>
                item.Chunk.Metadata["k"] = new Value { IntegerList = new IntegerList { Values = { new long[1025] } } }
        },
        {
            "a time out of range",
            item =>
                item.Chunk.Metadata["k"] = new Value {
                    TimestampValue = new Google.Protobuf.WellKnownTypes.Timestamp { Seconds = long.MaxValue } }
        },
        {
            "too much metadata",
            item => item.Chunk.Metadata.Add(
                Enumerable.Range(0, 5).ToDictionary(i => $"{i}", _ => Text(new string('x', 8000))))
        },
        {
            "a passage that ends before it begins",
            item => item.Chunk.Passage = new Passage { StartOffset = 5, EndOffset = 4 }
        },
        { "an empty mask", item => item.UpdateMask = new Google.Protobuf.WellKnownTypes.FieldMask() },
        {
            "an unknown path",
            item => item.UpdateMask = new Google.Protobuf.WellKnownTypes.FieldMask { Paths = { "version" } }
        },
        {
            "a patch of what must be absent",
            item =>
                (item.UpdateMask, item.IfAbsent) = (new Google.Protobuf.WellKnownTypes.FieldMask {
                    Paths = { "text" } }, true)
        },
        { "a version of 0", item => item.IfVersion = 0 },
    };

    [Theory]
    [MemberData(nameof(Items))]
    public async Task A_chunk_that_breaks_a_rule_fails_alone(string what, Action<ChunkWrite> spoil)
    {
        var fixture = shared.Fixture;
        var bad = RouterFixture.Write("d", "bad", "text");
        spoil(bad);
        var request = new UpsertChunksRequest { Workspace = "docs", Chunks = { RouterFixture.Write("d", "good", "text"), bad } };
        var results = (await fixture.Chunks.UpsertChunksAsync(request)).Results;
        results[0].Error.ShouldBeNull();
        results[1].Error.ShouldNotBeNull(what);
        results[1].Error.Code.ShouldBe((int)StatusCode.InvalidArgument, what);
        results[1].Error.Message.ShouldEndWith(".");
        (await fixture.Chunks.ListChunksAsync(new ListChunksRequest { Workspace = "docs", DocumentId = "d" }))
            .Chunks.Single().ChunkId.ShouldBe("good");
    }

    [Fact]
    public async Task Batches_that_are_empty_too_large_or_name_a_key_twice_are_refused_whole()
    {
        var fixture = shared.Fixture;
        var large = new UpsertChunksRequest { Workspace = "docs" };
        large.Chunks.Add(Enumerable.Range(0, 1001).Select(i => RouterFixture.Write("d", $"{i}", "text")));
        var twice = new UpsertChunksRequest { Workspace = "docs" };
        twice.Chunks.Add([RouterFixture.Write("", "c", "1"), RouterFixture.Write("c", "c", "2")]);
        var id = new UpsertChunksRequest { Workspace = "docs", RequestId = "7", Chunks = { RouterFixture.Write("", "c", "1") } };
        foreach (var (request, field) in new[]
        {
            (new UpsertChunksRequest { Workspace = "docs" }, "chunks"), (large, "chunks"),
            (twice, "chunks[1].chunk.chunk_id"), (id, "request_id"),
        })
        {
            var error = await RouterFixture.FailureAsync(fixture.Chunks.UpsertChunksAsync(request));
            error.StatusCode.ShouldBe(StatusCode.InvalidArgument);
            RouterFixture.FieldsOf(error).ShouldBe([field]);
        }

        foreach (var delete in new[]
        {
            new DeleteChunksRequest { Workspace = "docs" },
            new DeleteChunksRequest { Workspace = "docs", Keys = new ChunkKeys() },
            new DeleteChunksRequest { Workspace = "docs", Documents = new DocumentIds { DocumentIds_ = { "" } } },
            new DeleteChunksRequest { Workspace = "docs", Filter = new Filter() },
        })
        {
            (await RouterFixture.FailureAsync(fixture.Chunks.DeleteChunksAsync(delete)))
                .StatusCode.ShouldBe(StatusCode.InvalidArgument);
        }
    }

    private static Fusion Mix(SearchRequest search)
    {
        search.Mode = SearchMode.Hybrid;
        return search.Fusion ??= new Fusion();
    }

    private static Vector Dense(params float[] values) => new() { Dense = new DenseVector { Values = { values } } };

    private static Vector Packed(params float[] values) => new()
    {
        Packed = ByteString.CopyFrom(System.Runtime.InteropServices.MemoryMarshal.AsBytes<float>(values)),
    };

    private static Value Text(string text) => new() { StringValue = text };

    private static Filter Equal(string key, string value) => new() { Equal = new EqualFilter { Key = key, Value = Text(value) } };

    private static Filter Deep(int levels)
    {
        var filter = Equal("k", "v");
        for (var i = 1; i < levels; i++)
            filter = new Filter { Not = filter };
        return filter;
    }

    private static Filter Wide(int conditions) => new()
    {
        All = new FilterList { Filters = { Enumerable.Repeat(Equal("k", "v"), conditions) } },
    };
}
