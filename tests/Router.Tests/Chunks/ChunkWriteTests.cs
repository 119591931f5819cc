using Grpc.Core;
using Rag.Router.Tests.Fakes;
using Rag.V1;

namespace Rag.Router.Tests.Chunks;

public sealed class ChunkWriteTests
{
    [Fact]
    public async Task Results_stand_in_the_order_of_the_request_whatever_partition_each_went_to()
    {
        await using var fixture = await RouterFixture.StartAsync(shards: 3);
        await fixture.CreateAsync(spread: 16);
        var request = new UpsertChunksRequest { Workspace = "docs" };
        for (var i = 0; i < 200; i++)
            request.Chunks.Add(RouterFixture.Write(i % 3 == 0 ? "" : $"d{i % 50}", $"c{i}", "text"));
        request.Chunks[7].Chunk.Text = new string('x', 64 * 1024 + 1);
        request.Chunks[8].Chunk.ChunkId = "";
        request.Chunks[9].Chunk = null;
        request.Chunks[10].Chunk.Vectors[""] = new Vector { Dense = new DenseVector { Values = { 1, 2 } } };
        request.Chunks[11].IfVersion = -3;
        var response = await fixture.Chunks.UpsertChunksAsync(request);
        response.Results.Count.ShouldBe(200);
        for (var i = 0; i < 200; i++)
        {
            var bad = i is >= 7 and <= 11;
            (response.Results[i].Error?.Code ?? 0).ShouldBe(bad ? (int)StatusCode.InvalidArgument : 0, $"item {i}");
            if (!bad)
            {
                response.Results[i].ChunkId.ShouldBe($"c{i}");
                response.Results[i].Version.ShouldBeGreaterThan(0);
            }
        }

        (await fixture.Chunks.CountChunksAsync(new CountChunksRequest { Workspace = "docs" })).Count.ShouldBe(195);
        // A chunk without a document is its own.
        (await fixture.Chunks.GetChunksAsync(Keys("docs", ("", "c0")))).Chunks.Single().DocumentId.ShouldBe("c0");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_request_repeated_with_its_id_changes_nothing_and_gets_the_same_answer(bool version7)
    {
        await using var fixture = await RouterFixture.StartAsync(shards: 2);
        await fixture.CreateAsync(spread: 4);
        var request = new UpsertChunksRequest
        {
            Workspace = "docs",
            RequestId = (version7 ? Guid.CreateVersion7() : Guid.NewGuid()).ToString(),
        };
        request.Chunks.Add(Enumerable.Range(0, 20).Select(i => new ChunkWrite
        {
            Chunk = new Chunk { ChunkId = $"c{i}", Text = "text" },
            IfAbsent = true,
        }));
        var first = await fixture.Chunks.UpsertChunksAsync(request);
        first.Results.ShouldAllBe(result => result.Error == null);
        (await fixture.Chunks.UpsertChunksAsync(request)).Results.ShouldBe(first.Results);
        request.RequestId = "";
        (await fixture.Chunks.UpsertChunksAsync(request)).Results.ShouldAllBe(
            result => result.Error.Code == (int)StatusCode.FailedPrecondition);
    }

    [Fact]
    public async Task Items_of_a_dead_shard_fail_alone_and_what_is_written_is_reported_as_written()
    {
        await using var fixture = await RouterFixture.StartAsync(shards: 2);
        await fixture.CreateAsync(spread: 16);
        fixture.Shards[1].Before = (_, _, _) => Task.FromException(Faults.Away());
        var request = new UpsertChunksRequest { Workspace = "docs" };
        request.Chunks.Add(Enumerable.Range(0, 100).Select(i => RouterFixture.Write($"d{i}", "c", "text")));
        var results = (await fixture.Chunks.UpsertChunksAsync(request)).Results;
        results.Count(result => result.Error is null).ShouldBeInRange(1, 99);
        results.Where(result => result.Error is not null)
            .ShouldAllBe(result => result.Error.Code == (int)StatusCode.Unavailable);
        fixture.Shards[0].Before = (_, _, _) => Task.FromException(Faults.Away());
        (await RouterFixture.FailureAsync(fixture.Chunks.UpsertChunksAsync(request)))
            .StatusCode.ShouldBe(StatusCode.Unavailable);
    }

    [Fact]
    public async Task A_full_disk_says_when_to_try_again()
    {
        await using var fixture = await RouterFixture.StartAsync();
        await fixture.CreateAsync();
        fixture.Shards[0].Before = (method, _, _) => method != "Upsert" ? Task.CompletedTask : Task.FromException(
            new RpcException(new Status(StatusCode.ResourceExhausted, "The disk is full."),
                new Grpc.Core.Metadata { { "retry-after-ms", "2500" } }));
        var request = new UpsertChunksRequest { Workspace = "docs", Chunks = { RouterFixture.Write("d", "c", "text") } };
        var error = await RouterFixture.FailureAsync(fixture.Chunks.UpsertChunksAsync(request));
        error.StatusCode.ShouldBe(StatusCode.ResourceExhausted);
        error.Status.Detail.ShouldBe("The disk is full.");
        RouterFixture.RetryDelayOf(error).ShouldBe(TimeSpan.FromSeconds(2.5));
    }

    [Fact]
    public async Task A_bulk_stream_counts_what_was_written_and_names_the_first_failures_by_position()
    {
        await using var fixture = await RouterFixture.StartAsync(shards: 2);
        await fixture.CreateAsync(spread: 4);
        using var call = fixture.Chunks.BulkUpsertChunks();
        for (var batch = 0; batch < 30; batch++)
        {
            var message = new BulkUpsertChunksRequest { Workspace = batch == 0 ? "docs" : "" };
            message.Chunks.Add(Enumerable.Range(0, 100).Select(i => RouterFixture.Write(
                "", i == 50 ? new string('x', 300) : $"c{batch}-{i}", "text")));
            await call.RequestStream.WriteAsync(message);
        }

        await call.RequestStream.CompleteAsync();
        var response = await call.ResponseAsync;
        response.WrittenCount.ShouldBe(30 * 99);
        response.FailedCount.ShouldBe(30);
        response.Failures.Select(failure => failure.Index).ShouldBe(Enumerable.Range(0, 30).Select(i => i * 100L + 50));
        (await fixture.Chunks.CountChunksAsync(new CountChunksRequest
        {
            Workspace = "docs",
            MinConsistencyToken = response.ConsistencyToken,
        })).Count.ShouldBe(30 * 99);
    }

    [Fact]
    public async Task A_bulk_stream_without_a_workspace_or_with_two_is_refused()
    {
        await using var fixture = await RouterFixture.StartAsync();
        await fixture.CreateAsync("one");
        await fixture.CreateAsync("two");
        using var empty = fixture.Chunks.BulkUpsertChunks();
        await empty.RequestStream.CompleteAsync();
        (await Should.ThrowAsync<RpcException>(async () => await empty.ResponseAsync))
            .StatusCode.ShouldBe(StatusCode.InvalidArgument);
        using var both = fixture.Chunks.BulkUpsertChunks();
        await both.RequestStream.WriteAsync(new BulkUpsertChunksRequest { Workspace = "one" });
        await both.RequestStream.WriteAsync(new BulkUpsertChunksRequest { Workspace = "two" });
        await both.RequestStream.CompleteAsync();
        (await Should.ThrowAsync<RpcException>(async () => await both.ResponseAsync))
            .StatusCode.ShouldBe(StatusCode.InvalidArgument);
    }

    [Fact]
    public async Task Deletes_by_key_document_and_filter_reach_the_right_partitions()
    {
        await using var fixture = await RouterFixture.StartAsync(shards: 3);
        await fixture.CreateAsync(spread: 8);
        await fixture.UpsertAsync("docs", Enumerable.Range(0, 60).Select(i => ($"d{i / 2}", $"c{i}", "text")));
        var byKey = await fixture.Chunks.DeleteChunksAsync(new DeleteChunksRequest
        {
            Workspace = "docs",
            Keys = new ChunkKeys
            {
                Keys =
                {
                    new ChunkKey { DocumentId = "d0", ChunkId = "c0" },
                    new ChunkKey { DocumentId = "d1", ChunkId = "c2" },
                    new ChunkKey { DocumentId = "d1", ChunkId = "none" },
                },
            },
        });
        byKey.DeletedCount.ShouldBe(2);
        var byDocument = await fixture.Chunks.DeleteChunksAsync(new DeleteChunksRequest
        {
            Workspace = "docs",
            Documents = new DocumentIds { DocumentIds_ = { "d5", "d6", "none" } },
        });
        byDocument.DeletedCount.ShouldBe(4);
        var byFilter = await fixture.Chunks.DeleteChunksAsync(new DeleteChunksRequest
        {
            Workspace = "docs",
            Filter = new Filter { All = new FilterList() },
        });
        byFilter.DeletedCount.ShouldBe(54);
        byFilter.ConsistencyToken.ShouldNotBeEmpty();
    }

    [Fact]
    public async Task A_document_that_lost_chunks_is_indexed_again_when_its_file_comes_again()
    {
        await using var fixture = await RouterFixture.StartAsync();
        var workspace = await fixture.CreateAsync();
        var uid = Guid.Parse(workspace.Uid);
        foreach (var id in new[] { "a", "b", "c" })
        {
            await fixture.Metadata.Documents.UpsertAsync(new Rag.Metadata.DocumentRecord
            {
                WorkspaceUid = uid, DocumentId = id, ContentHash = new byte[32], Fingerprint = new byte[4], Version = 1,
            }, default);
        }

        await fixture.Chunks.DeleteChunksAsync(new DeleteChunksRequest
        {
            Workspace = "docs", Documents = new DocumentIds { DocumentIds_ = { "a" } },
        });
        (await fixture.Metadata.Documents.FindAsync(uid, "a", default)).ShouldBeNull();
        await fixture.Chunks.DeleteChunksAsync(new DeleteChunksRequest
        {
            Workspace = "docs",
            Keys = new ChunkKeys { Keys = { new ChunkKey { DocumentId = "b", ChunkId = "1" } } },
        });
        (await fixture.Metadata.Documents.FindAsync(uid, "b", default))!.Fingerprint.Length.ShouldBe(0);
        (await fixture.Metadata.Documents.FindAsync(uid, "c", default))!.Fingerprint.Length.ShouldBe(4);
        await fixture.Chunks.DeleteChunksAsync(new DeleteChunksRequest
        {
            Workspace = "docs", Filter = new Filter { All = new FilterList() },
        });
        (await fixture.Metadata.Documents.FindAsync(uid, "c", default))!.Fingerprint.Length.ShouldBe(0);
    }

    internal static GetChunksRequest Keys(string workspace, params (string Document, string Chunk)[] keys)
    {
        var request = new GetChunksRequest { Workspace = workspace };
        request.Keys.Add(keys.Select(key => new ChunkKey { DocumentId = key.Document, ChunkId = key.Chunk }));
        return request;
    }
}
