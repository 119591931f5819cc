using System.Diagnostics.Metrics;
using System.Net;
using System.Runtime.InteropServices;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.Extensions.Logging;
using Rag.Cli.Composition;
using Rag.Testing;
using Rag.V1;
using Value = Rag.V1.Value;

namespace Rag.Cli.Tests.EndToEnd;

/// <summary>
/// Searches over a socket that are read and answered as bytes, beside the same searches by messages within the process.
/// </summary>
public sealed class PlainSearchTests
{
    private const int Dimension = 16;
    private const int Chunks = 60;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Answers_as_bytes_are_those_by_messages_in_every_kind_of_call()
    {
        using var folder = new TemporaryFolder();
        await using var engine = await StartAsync(folder);
        using var channel = GrpcChannel.ForAddress(engine.Address!);
        var (wire, inside) = (new SearchService.SearchServiceClient(channel), new SearchService.SearchServiceClient(engine.Invoker));
        await FillAsync(engine);
        using var answered = new CountOf("rag.router.searches_at_once");
        var random = new Random(5);
        var searches = Enumerable.Range(0, 60).Select(_ => Search(random)).ToList();
        var expected = new List<SearchResponse>();
        foreach (var search in searches)
            expected.Add(Timeless(await inside.SearchAsync(search, Options())));
        expected.ShouldAllBe(response => response.Hits.Count > 0);

        for (var i = 0; i < searches.Count; i++)
            Timeless(await wire.SearchAsync(searches[i], Options())).ShouldBe(expected[i]);
        answered.Value.ShouldBeGreaterThanOrEqualTo(searches.Count);

        var batch = await wire.SearchBatchAsync(new SearchBatchRequest { Searches = { searches } }, Options());
        batch.Results.Select(result => Timeless(result.Response)).ShouldBe(expected);
        answered.Value.ShouldBeGreaterThanOrEqualTo(2 * searches.Count);

        using var call = wire.SearchStream(Options());
        for (var i = 0; i < searches.Count; i++)
        {
            await call.RequestStream.WriteAsync(new SearchStreamRequest
            {
                CorrelationId = (ulong)i, Search = searches[i], Timeout = Duration.FromTimeSpan(Patience),
            });
        }

        await call.RequestStream.CompleteAsync();
        var seen = new HashSet<ulong>();
        while (await call.ResponseStream.MoveNext(default))
        {
            var answer = call.ResponseStream.Current;
            seen.Add(answer.CorrelationId).ShouldBeTrue();
            Timeless(answer.Result.Response).ShouldBe(expected[(int)answer.CorrelationId]);
        }

        seen.Count.ShouldBe(searches.Count);
        answered.Value.ShouldBeGreaterThanOrEqualTo(3 * searches.Count);
    }

    [Fact]
    public async Task Searches_that_are_not_plain_or_not_fit_are_answered_as_ever()
    {
        using var folder = new TemporaryFolder();
        await using var engine = await StartAsync(folder);
        using var channel = GrpcChannel.ForAddress(engine.Address!);
        var (wire, inside) = (new SearchService.SearchServiceClient(channel), new SearchService.SearchServiceClient(engine.Invoker));
        await FillAsync(engine);
        var random = new Random(6);
        var fit = Search(random);
        List<SearchRequest> searches =
        [
            With(fit, search => search.Workspace = "nobody"),
            With(fit, search => search.Workspace = ""),
            With(fit, search => search.Vector = new Vector { Packed = ByteString.CopyFrom(new byte[Dimension * 4]) }),
            With(fit, search => search.Vector = Packed(float.NaN, 1)),
            With(fit, search => search.Vector = new Vector { Packed = ByteString.CopyFrom(new byte[7]) }),
            With(fit, search => search.Vector = Packed(1, 2, 3)),
            With(fit, search => search.Vector = null),
            With(fit, search => search.K = -1),
            With(fit, search => search.K = 20_000),
            With(fit, search => search.Ef = -5),
            With(fit, search => search.RecallTarget = 0.1f),
            With(fit, search => search.Space = "other"),
            With(fit, search => search.MinConsistencyToken = "nonsense"),
            With(fit, search => search.Offset = 2),
            With(fit, search => search.ScoreThreshold = 0.2f),
            With(fit, search => search.ReturnFields = new ReturnFields { Vectors = { "" } }),
            With(fit, search => search.Filter = Client.Where.Equal("number", 3L)),
        ];
        var batch = await wire.SearchBatchAsync(new SearchBatchRequest { Searches = { searches } }, Options());
        var local = await inside.SearchBatchAsync(new SearchBatchRequest { Searches = { searches } }, Options());
        for (var i = 0; i < searches.Count; i++)
        {
            var (left, right) = (batch.Results[i], local.Results[i]);
            left.OutcomeCase.ShouldBe(right.OutcomeCase);
            (left.Error ?? (IMessage)Timeless(left.Response)).ShouldBe(right.Error ?? (IMessage)Timeless(right.Response));
            var (one, other) = (await OutcomeAsync(wire, searches[i]), await OutcomeAsync(inside, searches[i]));
            one.ShouldBe(other);
        }

        batch.Results.Count(result => result.Error is not null).ShouldBe(13);
    }

    [Fact]
    public async Task Streams_carry_sparse_vectors_and_every_mode_as_single_searches_do()
    {
        using var folder = new TemporaryFolder();
        await using var engine = await StartAsync(folder);
        using var channel = GrpcChannel.ForAddress(engine.Address!);
        var wire = new SearchService.SearchServiceClient(channel);
        await FillAsync(engine);
        var (sparse, dense) = (Client.VectorValue.Sparse([new(7, 0.8f), new(101, 2)]), Random(new Random(7)));
        var fields = new ReturnFields { Text = true, SparseVector = true };
        List<SearchRequest> searches =
        [
            new() { Mode = SearchMode.Sparse, SparseVector = sparse },
            new() { Mode = SearchMode.Sparse, SparseVector = sparse, Text = "Tränen", Highlight = new Highlight { Length = 40 }, K = 3 },
            new() { Mode = SearchMode.Sparse, SparseVector = sparse, Offset = 2, ScoreThreshold = 1, ReturnFields = fields, Filter = Client.Where.AtLeast("number", new Value { IntegerValue = 0 }) },
            new() { Mode = SearchMode.Sparse, Text = "lügen", Bm25 = new Bm25 { K1 = 0.9f, B = 0.4f }, ReturnFields = fields },
            new() { Mode = SearchMode.Hybrid, Vector = dense, SparseVector = sparse, K = 20 },
            new() { Mode = SearchMode.Hybrid, Vector = dense, Text = "Tränen", K = 20, Exact = true },
            new() { Mode = SearchMode.Hybrid, Vector = dense, Text = "lügen", SparseVector = sparse, Fusion = new Fusion { DenseWeight = 1, SparseWeight = 0, SparseVectorWeight = 3 } },
            new() { Mode = SearchMode.Hybrid, Vector = dense, Text = "lügen", SparseVector = sparse, Fusion = new Fusion { Method = FusionMethod.ReciprocalRank } },
            new() { Vector = dense, SparseVector = sparse },
            new() { Mode = SearchMode.Hybrid, SparseVector = sparse },
            new() { Mode = SearchMode.Sparse, SparseVector = new SparseVector { Indices = { 1 }, Weights = { -1 } } },
        ];
        searches.ForEach(search => search.Workspace = "docs");
        var expected = new List<string>();
        foreach (var search in searches)
            expected.Add(await OutcomeAsync(wire, search));
        expected.Distinct().Count().ShouldBe(searches.Count, "each search means something else");
        expected.Count(outcome => outcome.Contains("InvalidArgument", StringComparison.Ordinal)).ShouldBe(3);

        using var call = wire.SearchStream(Options());
        for (var i = 0; i < 3 * searches.Count; i++)
            await call.RequestStream.WriteAsync(new SearchStreamRequest { CorrelationId = (ulong)i, Search = searches[i % searches.Count] });
        await call.RequestStream.CompleteAsync();
        var answers = 0;
        for (; await call.ResponseStream.MoveNext(default); answers++)
        {
            var (id, result) = (call.ResponseStream.Current.CorrelationId, call.ResponseStream.Current.Result);
            var outcome = result.Error is { } error
                ? new Status((StatusCode)error.Code, error.Message).ToString()
                : Timeless(result.Response).ToString();
            outcome.ShouldBe(expected[(int)id % searches.Count]);
        }

        answers.ShouldBe(3 * searches.Count);
    }

    [Fact]
    public async Task A_request_that_cannot_be_parsed_is_the_callers_fault()
    {
        using var folder = new TemporaryFolder();
        await using var engine = await StartAsync(folder);
        using var channel = GrpcChannel.ForAddress(engine.Address!);
        var broken = new Method<byte[], byte[]>(
            MethodType.Unary, "rag.v1.SearchService", "Search",
            Marshallers.Create<byte[]>(bytes => bytes, bytes => bytes), Marshallers.Create<byte[]>(bytes => bytes, bytes => bytes));
        var failure = await Should.ThrowAsync<RpcException>(
            async () => await channel.CreateCallInvoker().AsyncUnaryCall(broken, null, Options(), [0x0A, 0x7F, 1]));
        failure.StatusCode.ShouldBe(StatusCode.InvalidArgument);
    }

    [Fact]
    public async Task The_probe_is_served_only_where_it_is_asked_for()
    {
        using var folder = new TemporaryFolder();
        var search = new SearchRequest { Workspace = "docs" };
        await using (var engine = await StartAsync(folder))
        {
            using var channel = GrpcChannel.ForAddress(engine.Address!);
            (await Should.ThrowAsync<RpcException>(
                    async () => await new Internal.V1.ProbeService.ProbeServiceClient(channel).DiscardAsync(search, Options())))
                .StatusCode.ShouldBe(StatusCode.Unimplemented);
        }

        await File.WriteAllTextAsync(folder.Combine("rag.json"), """{ "Router": { "Probe": true } }""");
        await using (var engine = await StartAsync(folder))
        {
            using var channel = GrpcChannel.ForAddress(engine.Address!);
            await new Internal.V1.ProbeService.ProbeServiceClient(channel).DiscardAsync(search, Options());
        }
    }

    private static Task<EngineHost> StartAsync(TemporaryFolder folder) => EngineHost.StartAsync(
        new EngineHostOptions { Data = new DataFolder(folder.Path), Listen = new IPEndPoint(IPAddress.Loopback, 0) },
        LogLevel.Error, CancellationToken.None);

    private static async Task FillAsync(EngineHost engine)
    {
        var workspaces = new WorkspaceService.WorkspaceServiceClient(engine.Invoker);
        await workspaces.CreateWorkspaceAsync(new CreateWorkspaceRequest
        {
            Workspace = new Workspace { Name = "docs", Spaces = { new VectorSpace { Dimension = Dimension, Metric = Metric.Cosine } } },
        });
        var random = new Random(4);
        var request = new UpsertChunksRequest { Workspace = "docs", RequestId = Guid.CreateVersion7().ToString() };
        for (var i = 0; i < Chunks; i++)
            request.Chunks.Add(new ChunkWrite { Chunk = Chunk(i, random) });
        var response = await new ChunkService.ChunkServiceClient(engine.Invoker).UpsertChunksAsync(request, Options());
        response.Results.ShouldAllBe(result => result.Error == null);
    }

    private static Chunk Chunk(int number, Random random)
    {
        var chunk = new Chunk
        {
            DocumentId = number % 3 == 0 ? "" : $"document {number / 4}",
            ChunkId = $"chünk {number}",
            Text = number % 5 == 0 ? "" : string.Concat(Enumerable.Repeat("Tränen lügen nicht. ", number % 7 * 20)),
        };
        chunk.Vectors[""] = Random(random);
        if (number % 2 == 1)
            chunk.SparseVector = Client.VectorValue.Sparse([new(7, 1 + number % 5), new((uint)(100 + number % 3), 0.5f)]);
        if (number % 4 == 0)
            return chunk;
        if (number % 2 == 0)
            chunk.Passage = new Passage { StartOffset = 1, EndOffset = number, HeadingPath = { "a", "b" }, Page = 2 };
        chunk.Metadata["word"] = new Value { StringValue = number % 6 == 1 ? "" : "wörd" };
        chunk.Metadata["number"] = new Value { IntegerValue = number % 7 - 3 };
        chunk.Metadata["float"] = new Value { FloatValue = number * -0.25 };
        chunk.Metadata["flag"] = new Value { BoolValue = number % 3 == 0 };
        chunk.Metadata["moment"] = new Value { TimestampValue = new Timestamp { Seconds = (number - 30) * 99_999_999L, Nanos = 123_456_000 } };
        chunk.Metadata["epoch"] = new Value { TimestampValue = new Timestamp() };
        chunk.Metadata["place"] = new Value { GeoValue = new GeoPoint { Latitude = number % 2 == 0 ? 0 : 48.5, Longitude = -9.25 } };
        chunk.Metadata["words"] = new Value { StringList = new StringList { Values = { "a", "", new string('y', 200) } } };
        chunk.Metadata["numbers"] = new Value { IntegerList = new IntegerList { Values = { -1, 0, long.MaxValue } } };
        chunk.Metadata["floats"] = new Value { FloatList = new FloatList { Values = { 0, 1.5, double.MinValue } } };
        chunk.Metadata["flags"] = new Value { BoolList = new BoolList { Values = { true, false } } };
        chunk.Metadata["moments"] = new Value { TimestampList = new TimestampList { Values = { new Timestamp { Seconds = -5, Nanos = 7000 } } } };
        chunk.Metadata["places"] = new Value { GeoList = new GeoPointList { Values = { new GeoPoint { Latitude = 1, Longitude = 2 } } } };
        return chunk;
    }

    private static SearchRequest Search(Random random)
    {
        var search = new SearchRequest { Workspace = "docs", Vector = Random(random), K = random.Next(0, 30) };
        switch (random.Next(4))
        {
            case 0:
                search.RecallTarget = 0.9f;
                break;
            case 1:
                search.Ef = 50;
                break;
            case 2:
                search.Exact = true;
                break;
        }

        if (random.Next(3) == 0)
            search.ReturnFields = new ReturnFields { Text = random.Next(2) == 0, Metadata = random.Next(2) == 0, Passage = random.Next(2) == 0 };
        return search;
    }

    private static Vector Random(Random random) =>
        Packed([.. Enumerable.Range(0, Dimension).Select(_ => random.NextSingle() - 0.5f)]);

    private static Vector Packed(params float[] values) =>
        new() { Packed = ByteString.CopyFrom(MemoryMarshal.AsBytes(values.AsSpan())) };

    private static SearchRequest With(SearchRequest search, Action<SearchRequest> change)
    {
        var other = search.Clone();
        change(other);
        return other;
    }

    private static async Task<string> OutcomeAsync(SearchService.SearchServiceClient client, SearchRequest search)
    {
        try
        {
            return Timeless(await client.SearchAsync(search, Options())).ToString();
        }
        catch (RpcException failure)
        {
            return failure.Status.ToString();
        }
    }

    private static SearchResponse Timeless(SearchResponse response)
    {
        response.Timings.ShouldNotBeNull();
        response.Timings = null;
        return response;
    }

    private static CallOptions Options() => new(deadline: DateTime.UtcNow + Patience);

    /// <summary>The sum of a counter from now on.</summary>
    private sealed class CountOf : IDisposable
    {
        private readonly MeterListener _listener = new();
        private long _value;

        public CountOf(string instrument)
        {
            _listener.InstrumentPublished = (published, listener) =>
            {
                if (published.Name == instrument)
                    listener.EnableMeasurementEvents(published);
            };
            _listener.SetMeasurementEventCallback<long>((_, value, _, _) => Interlocked.Add(ref _value, value));
            _listener.Start();
        }

        public long Value => Interlocked.Read(ref _value);

        public void Dispose() => _listener.Dispose();
    }
}
