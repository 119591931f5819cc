using Grpc.Core;
using Rag.Router.Tests.Fakes;
using Rag.V1;

namespace Rag.Router.Tests.Validation;

/// <summary>What makes no sense for pages of hits, and between finding hits and showing them.</summary>
public sealed class BadStageTests(SharedRouter shared) : IClassFixture<SharedRouter>
{
    public static TheoryData<string, Action<SearchRequest>, string> Searches { get; } = new()
    {
        { "too many chunks of a document", search => search.Grouping = new Grouping { ChunksPerDocument = 101 }, "grouping.chunks_per_document" },
        { "more grouped hits than may be", search => (search.K, search.Grouping) = (101, new Grouping { ChunksPerDocument = 100 }), "grouping.chunks_per_document" },
        { "a highlight without words", search => (search.Text, search.Vector, search.Highlight) = ("", Dense(1, 0, 0, 0), new Highlight()), "highlight" },
        { "a snippet of a few characters", search => search.Highlight = new Highlight { Length = 19 }, "highlight.length" },
        { "too many neighbours", search => search.Neighbours = 11, "neighbours" },
        { "more chunks with neighbours than may be", search => (search.K, search.Neighbours) = (1000, 10), "neighbours" },
        { "a page with an offset", search => (search.Paging, search.Offset) = (true, 1), "offset" },
        { "the largest k as a page", search => (search.Paging, search.K) = (true, 10_000), "k" },
        { "a page token that is none", search => search.PageToken = "abc!", "page_token" },
        { "fewer candidates than wanted hits", search => search.Candidates = 9, "candidates" },
        { "a boost without a key", search => search.Boosts.Add(new Boost { Number = 1, Scale = 1 }), "boosts[0].key" },
        { "a boost without an origin", search => search.Boosts.Add(new Boost { Key = "k", Scale = 1 }), "boosts[0].number" },
        { "a boost without a scale", search => search.Boosts.Add(new Boost { Key = "k", Number = 1 }), "boosts[0].scale" },
        { "a boost with a negative offset", search => search.Boosts.Add(new Boost { Key = "k", Number = 1, Scale = 1, Offset = -1 }), "boosts[0].offset" },
        { "a boost that does not fall", search => search.Boosts.Add(new Boost { Key = "k", Number = 1, Scale = 1, Decay = 1 }), "boosts[0].decay" },
        { "a boost without end", search => search.Boosts.Add(new Boost { Key = "k", Number = 1, Scale = 1, Weight = double.PositiveInfinity }), "boosts[0].weight" },
        { "too many boosts", search => search.Boosts.Add(Enumerable.Repeat(new Boost { Key = "k", Number = 1, Scale = 1 }, 17)), "boosts" },
        { "a lambda above 1", search => search.Diversity = new Diversity { Lambda = 1.1f }, "diversity.lambda" },
        { "diversity of fewer than wanted", search => search.Diversity = new Diversity { FetchK = 9 }, "diversity.fetch_k" },
        { "diversity of too many", search => (search.Diversity, search.K) = (new Diversity(), 1001), "diversity" },
        { "diversity by a space that is not there", search => search.Diversity = new Diversity { Space = "none" }, "diversity.space" },
        { "reranking without a model", search => search.Rerank = new Rerank(), "rerank.model" },
        { "reranking without a text", search => (search.Text, search.Vector, search.Rerank) = ("", Dense(1, 0, 0, 0), new Rerank { Model = "m" }), "rerank" },
        { "reranking fewer than wanted", search => search.Rerank = new Rerank { Model = "m", TopN = 9 }, "rerank.top_n" },
        { "reranking too many", search => (search.Rerank, search.K) = (new Rerank { Model = "m" }, 1001), "rerank" },
        { "reranking too many of documents", search => (search.Rerank, search.Grouping) = (new Rerank { Model = "m", TopN = 11 }, new Grouping { ChunksPerDocument = 100 }), "rerank.top_n" },
        { "late interaction with nothing", search => search.LateInteraction = new LateInteraction(), "late_interaction" },
        { "late interaction in a workspace without multi-vectors", search => search.LateInteraction = Late(), "late_interaction.multi_vector" },
        { "late interaction of fewer than wanted", search => search.LateInteraction = new LateInteraction(Late()) { TopN = 9 }, "late_interaction.top_n" },
        { "late interaction of too many", search => (search.LateInteraction, search.K) = (Late(), 1001), "late_interaction" },
        { "late interaction by a model without a text", search => (search.Text, search.Vector, search.LateInteraction) = ("", Dense(1, 0, 0, 0), new LateInteraction { Model = "m" }), "late_interaction" },
        { "late interaction by a model without a name", search => search.LateInteraction = new LateInteraction { Model = "" }, "late_interaction.model" },
        { "too many texts for late interaction", search => search.LateInteraction = new LateInteraction { Model = "m", TopN = 201 }, "late_interaction.top_n" },
        { "scores of words without words", search => search.Bm25 = new Bm25(), "bm25" },
        { "a k1 that is too high", search => (search.Mode, search.Bm25) = (SearchMode.Sparse, new Bm25 { K1 = 11 }), "bm25.k1" },
        { "a b of NaN", search => (search.Mode, search.Bm25) = (SearchMode.Hybrid, new Bm25 { B = float.NaN }), "bm25.b" },
        { "no examples", search => search.Examples = new Examples(), "examples.positive" },
        { "an empty example", search => search.Examples = new Examples { Positive = { new Example() } }, "examples.positive[0]" },
        { "an example that is not there", search => search.Examples = new Examples { Positive = { new Example { Chunk = new ChunkKey { ChunkId = "none" } } } }, "examples.positive[0]" },
        { "a vector beside examples", search => (search.Vector, search.Examples) = (Dense(1, 0, 0, 0), Like()), "vector" },
        { "a sparse vector beside examples", search => (search.Mode, search.SparseVector, search.Examples) = (SearchMode.Sparse, Sparse(1), LikeChunk()), "sparse_vector" },
        { "an example by vector in the mode sparse", search => (search.Mode, search.Examples) = (SearchMode.Sparse, Like()), "examples.positive[0].vector" },
        { "the best example in the mode sparse", search => (search.Mode, search.Examples) = (SearchMode.Sparse, LikeChunk(ExampleStrategy.BestScore)), "examples.strategy" },
        { "a sparse vector in the mode dense", search => search.SparseVector = Sparse(1), "sparse_vector" },
        { "a sparse vector without entries", search => (search.Mode, search.SparseVector) = (SearchMode.Sparse, new SparseVector()), "sparse_vector" },
        { "a sparse vector with a weight of 0", search => (search.Mode, search.SparseVector) = (SearchMode.Sparse, Sparse(0)), "sparse_vector" },
        { "scoring of words without words", search => (search.Mode, search.SparseVector, search.Bm25) = (SearchMode.Sparse, Sparse(1), new Bm25 { B = 1 }), "bm25" },
        { "a weight of a list that is not there", search => Mix(search).SparseVectorWeight = 1, "fusion.sparse_vector_weight" },
        { "a negative weight of the sparse vector", search => (search.SparseVector, Mix(search).SparseVectorWeight) = (Sparse(1), -1), "fusion.sparse_vector_weight" },
        { "mixed lists by the best example", search => (search.Mode, search.Examples) = (SearchMode.Hybrid, Like(ExampleStrategy.BestScore)), "examples.strategy" },
        { "a facet without a key", search => search.Facets.Add(new Facet()), "facets[0].key" },
        { "a facet of too many values", search => search.Facets.Add(new Facet { Key = "k", Limit = 1001 }), "facets[0].limit" },
        { "a range without bounds", search => search.Facets.Add(new Facet { Key = "k", Ranges = { new FacetRange() } }), "facets[0].ranges[0]" },
        { "a range of strings", search => search.Facets.Add(new Facet { Key = "k", Ranges = { new FacetRange { From = new Value { StringValue = "a" } } } }), "facets[0].ranges[0]" },
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

    private static Examples Like(ExampleStrategy strategy = ExampleStrategy.Unspecified) =>
        new() { Strategy = strategy, Positive = { new Example { Vector = Dense(1, 0, 0, 0) } } };

    private static Examples LikeChunk(ExampleStrategy strategy = ExampleStrategy.Unspecified) =>
        new() { Strategy = strategy, Positive = { new Example { Chunk = new ChunkKey { ChunkId = "c" } } } };

    private static SparseVector Sparse(float weight) => new() { Indices = { 1 }, Weights = { weight } };

    private static LateInteraction Late() => new() { MultiVector = new MultiVector { Dense = new DenseVectors { Vectors = { new DenseVector { Values = { 1 } } } } } };

    private static Fusion Mix(SearchRequest search)
    {
        search.Mode = SearchMode.Hybrid;
        return search.Fusion ??= new Fusion();
    }

    private static Vector Dense(params float[] values) => new() { Dense = new DenseVector { Values = { values } } };
}
