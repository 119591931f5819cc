using Grpc.Core;
using Grpc.Net.InProcess;
using Rag.V1;

namespace Rag.Client.Tests;

public class ChunksTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_bulk_write_is_cut_into_batches_and_reports_each_failure()
    {
        var service = new FakeChunkService();
        var client = new RagClient(new InProcessServer().Bind(service).CreateCallInvoker());

        var outcome = await client.Workspace("w").Chunks.UpsertManyAsync(MakeAsync(1000), cancellationToken: Stop);

        outcome.Written.ShouldBe(990);
        outcome.Failed.ShouldBe(10);
        outcome.Failures.ShouldAllBe(failure => failure.Error.Message == "bad");
        service.Sizes.Sum().ShouldBe(1000);
        service.Sizes.ShouldAllBe(size => size <= 256);
        service.RequestIds.Distinct().Count().ShouldBe(service.Sizes.Count);
    }

    [Fact]
    public async Task Large_chunks_make_small_batches()
    {
        var batches = new List<int>();
        await foreach (var batch in ChunkBatcher.SplitAsync(MakeAsync(100, new string('x', 60_000)), Stop))
            batches.Add(batch.Sum(write => write.CalculateSize()));
        batches.ShouldAllBe(bytes => bytes <= ChunkBatcher.MaxBytes);
        batches.Count.ShouldBe(3);
    }

    [Fact]
    public async Task A_listing_goes_through_all_pages()
    {
        var client = new RagClient(new InProcessServer().Bind(new FakeChunkService()).CreateCallInvoker());
        var ids = new List<string>();
        await foreach (var chunk in client.Workspace("w").Chunks.ListAsync(pageSize: 2, cancellationToken: Stop))
            ids.Add(chunk.ChunkId);
        ids.ShouldBe(["0", "1", "2", "3", "4"]);
    }

    private static async IAsyncEnumerable<Chunk> MakeAsync(int count, string text = "text")
    {
        for (var i = 0; i < count; i++)
        {
            await Task.Yield();
            yield return new Chunk { ChunkId = $"{i}", Text = text };
        }
    }

    private sealed class FakeChunkService : ChunkService.ChunkServiceBase
    {
        private readonly Lock _lock = new();

        public List<int> Sizes { get; } = [];

        public List<string> RequestIds { get; } = [];

        public override Task<UpsertChunksResponse> UpsertChunks(UpsertChunksRequest request, ServerCallContext context)
        {
            lock (_lock)
            {
                Sizes.Add(request.Chunks.Count);
                RequestIds.Add(request.RequestId);
            }

            var response = new UpsertChunksResponse();
            foreach (var write in request.Chunks)
            {
                var failed = int.Parse(write.Chunk.ChunkId) % 100 == 99;
                response.Results.Add(new ChunkWriteResult
                {
                    ChunkId = write.Chunk.ChunkId,
                    Error = failed ? new ItemError { Code = 3, Message = "bad" } : null,
                });
            }

            return Task.FromResult(response);
        }

        public override Task<ListChunksResponse> ListChunks(ListChunksRequest request, ServerCallContext context)
        {
            var from = request.PageToken.Length == 0 ? 0 : int.Parse(request.PageToken);
            var page = Enumerable.Range(from, Math.Min(request.PageSize, 5 - from)).ToList();
            var next = from + page.Count;
            return Task.FromResult(new ListChunksResponse
            {
                Chunks = { page.Select(i => new Chunk { ChunkId = $"{i}" }) },
                NextPageToken = next < 5 ? $"{next}" : "",
            });
        }
    }
}
