using System.Security.Cryptography;
using Google.Protobuf;
using Grpc.Core;
using Rag.Metadata;
using Rag.Router.Tests.Fakes;
using Rag.V1;
using JobState = Rag.V1.JobState;

namespace Rag.Router.Tests.Ingest;

public sealed class IngestTests
{
    [Fact]
    public async Task A_file_becomes_a_queued_job_with_its_bytes_and_their_hash()
    {
        await using var fixture = await RouterFixture.StartAsync();
        var workspace = await fixture.CreateAsync();
        var bytes = new byte[2_500_000];
        new Random(4).NextBytes(bytes);
        var source = Source("docs", "", "report.txt");
        source.Metadata["year"] = new Value { IntegerValue = 2030 };
        var job = await SubmitAsync(fixture, source, bytes, 1024 * 1024);
        (job.State, job.DocumentId, job.FileName, job.SizeBytes).ShouldBe((JobState.Queued, "report.txt", "report.txt", 2_500_000L));

        var record = (await fixture.Metadata.Jobs.FindAsync(Guid.Parse(workspace.Uid), Guid.Parse(job.JobId), default))!;
        record.ContentHash.ToArray().ShouldBe(SHA256.HashData(bytes));
        DocumentSource.Parser.ParseFrom(record.Metadata.Span).Metadata["year"].IntegerValue.ShouldBe(2030);
        await using var stream = (await fixture.Metadata.Blobs.OpenReadAsync(record.JobId, default))!;
        var copy = new MemoryStream();
        await stream.CopyToAsync(copy);
        copy.ToArray().ShouldBe(bytes);
    }

    [Fact]
    public async Task A_submission_repeated_with_its_request_id_returns_the_first_job()
    {
        await using var fixture = await RouterFixture.StartAsync();
        await fixture.CreateAsync();
        var id = Guid.NewGuid().ToString();
        var first = await SubmitAsync(fixture, Source("docs", "a"), "one"u8.ToArray(), 100, id);
        (await SubmitAsync(fixture, Source("docs", "a"), "one"u8.ToArray(), 100, id)).JobId.ShouldBe(first.JobId);
        var text = new SubmitTextRequest { Source = Source("docs", "a"), Text = "one", RequestId = id };
        (await fixture.Ingest.SubmitTextAsync(text)).Job.JobId.ShouldBe(first.JobId);
        (await fixture.Ingest.ListJobsAsync(new ListJobsRequest { Workspace = "docs" })).Jobs.Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_submission_that_breaks_a_rule_leaves_nothing_behind()
    {
        await using var fixture = await RouterFixture.StartAsync(options: new RouterOptions { MaxFileBytes = 3_000_000 });
        await fixture.CreateAsync();
        SubmitFileRequest header = new() { Source = Source("docs", "a") };
        SubmitFileRequest piece = new() { Data = ByteString.CopyFrom(new byte[1024 * 1024]) };
        foreach (var (messages, field) in new (SubmitFileRequest[], string)[]
        {
            ([], "source"),
            ([piece], "source"),
            ([header, piece, header], "data"),
            ([header, piece, piece, piece], "data"),
            ([header, new SubmitFileRequest { Data = ByteString.CopyFrom(new byte[1024 * 1024 + 1]) }], "data"),
            ([new SubmitFileRequest { Source = Source("docs", "") }], "source.document_id"),
            ([new SubmitFileRequest { Source = Source("docs", new string('x', 257)) }], "source.document_id"),
            ([new SubmitFileRequest { Source = Source("docs", "a"), RequestId = "no uuid" }], "request_id"),
        })
        {
            var error = await FailureAsync(fixture, messages);
            error.StatusCode.ShouldBe(StatusCode.InvalidArgument);
            RouterFixture.FieldsOf(error).ShouldBe([field]);
        }

        (await FailureAsync(fixture, [new SubmitFileRequest { Source = Source("none", "a") }]))
            .StatusCode.ShouldBe(StatusCode.NotFound);
        (await fixture.Metadata.Blobs.ListUntouchedAsync(TimeSpan.FromDays(-1), Guid.Empty, 10, default)).ShouldBeEmpty();
        (await fixture.Ingest.ListJobsAsync(new ListJobsRequest { Workspace = "docs" })).Jobs.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_caller_that_goes_away_in_the_middle_leaves_nothing_behind()
    {
        await using var fixture = await RouterFixture.StartAsync();
        await fixture.CreateAsync();
        using var stop = new CancellationTokenSource();
        using var call = fixture.Ingest.SubmitFile(cancellationToken: stop.Token);
        await call.RequestStream.WriteAsync(new SubmitFileRequest { Source = Source("docs", "a") });
        for (var i = 0; i < 3; i++)
            await call.RequestStream.WriteAsync(new SubmitFileRequest { Data = ByteString.CopyFrom(new byte[1024 * 1024]) });
        await Testing.Eventually.HoldsAsync(async () => (await fixture.Metadata.Blobs.ListUntouchedAsync(
            TimeSpan.FromDays(-1), Guid.Empty, 10, default)).Count == 1, "bytes have arrived");
        await stop.CancelAsync();
        await Testing.Eventually.HoldsAsync(async () => (await fixture.Metadata.Blobs.ListUntouchedAsync(
            TimeSpan.FromDays(-1), Guid.Empty, 10, default)).Count == 0, "the bytes are gone again");
    }

    [Fact]
    public async Task A_full_queue_says_when_to_try_again_and_keeps_no_bytes()
    {
        await using var fixture = await RouterFixture.StartAsync(options: new RouterOptions { MaxUnfinishedJobs = 1 });
        await fixture.CreateAsync();
        await fixture.Ingest.SubmitTextAsync(new SubmitTextRequest { Source = Source("docs", "a"), Text = "one" });
        var error = await RouterFixture.FailureAsync(fixture.Ingest.SubmitTextAsync(
            new SubmitTextRequest { Source = Source("docs", "b"), Text = "two" }));
        error.StatusCode.ShouldBe(StatusCode.ResourceExhausted);
        RouterFixture.RetryDelayOf(error).ShouldNotBeNull();
        (await fixture.Metadata.Blobs.ListUntouchedAsync(TimeSpan.FromDays(-1), Guid.Empty, 10, default)).Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_watcher_sees_a_job_through_to_its_end()
    {
        await using var fixture = await RouterFixture.StartAsync();
        await fixture.CreateAsync();
        var job = (await fixture.Ingest.SubmitTextAsync(
            new SubmitTextRequest { Source = Source("docs", "a"), Text = "one" })).Job;
        using var watch = fixture.Ingest.WatchJob(new WatchJobRequest { Workspace = "docs", JobId = job.JobId });
        (await watch.ResponseStream.MoveNext(default)).ShouldBeTrue();
        watch.ResponseStream.Current.Job.State.ShouldBe(JobState.Queued);
        var claimed = (await fixture.Metadata.Jobs.ClaimAsync("worker", 1, TimeSpan.FromSeconds(30), default))[0];
        (await watch.ResponseStream.MoveNext(default)).ShouldBeTrue();
        watch.ResponseStream.Current.Job.State.ShouldBe(JobState.Extracting);
        await fixture.Metadata.Jobs.FailAsync(claimed.JobId, claimed.Fence, "It is encrypted.", default);
        (await watch.ResponseStream.MoveNext(default)).ShouldBeTrue();
        watch.ResponseStream.Current.Job.State.ShouldBe(JobState.Failed);
        watch.ResponseStream.Current.Job.Reason.ShouldBe("It is encrypted.");
        (await watch.ResponseStream.MoveNext(default)).ShouldBeFalse();
    }

    [Fact]
    public async Task Jobs_are_listed_newest_first_in_pages_by_state_and_can_be_cancelled()
    {
        await using var fixture = await RouterFixture.StartAsync();
        await fixture.CreateAsync();
        for (var i = 0; i < 5; i++)
            await fixture.Ingest.SubmitTextAsync(new SubmitTextRequest { Source = Source("docs", $"d{i}"), Text = "one" });
        var page = await fixture.Ingest.ListJobsAsync(new ListJobsRequest { Workspace = "docs", PageSize = 3 });
        page.Jobs.Select(job => job.DocumentId).ShouldBe(["d4", "d3", "d2"]);
        var next = await fixture.Ingest.ListJobsAsync(
            new ListJobsRequest { Workspace = "docs", PageSize = 3, PageToken = page.NextPageToken });
        next.Jobs.Select(job => job.DocumentId).ShouldBe(["d1", "d0"]);
        next.NextPageToken.ShouldBeEmpty();

        var cancelled = await fixture.Ingest.CancelJobAsync(
            new CancelJobRequest { Workspace = "docs", JobId = page.Jobs[1].JobId });
        cancelled.Job.State.ShouldBe(JobState.Cancelled);
        (await fixture.Metadata.Blobs.OpenReadAsync(Guid.Parse(cancelled.Job.JobId), default)).ShouldBeNull();
        (await fixture.Ingest.ListJobsAsync(new ListJobsRequest { Workspace = "docs", States = { JobState.Cancelled } }))
            .Jobs.Single().DocumentId.ShouldBe("d3");

        (await RouterFixture.FailureAsync(fixture.Ingest.ListJobsAsync(new ListJobsRequest
        {
            Workspace = "docs", PageToken = page.NextPageToken, States = { JobState.Done },
        }))).StatusCode.ShouldBe(StatusCode.InvalidArgument);
        (await RouterFixture.FailureAsync(fixture.Ingest.GetJobAsync(
            new GetJobRequest { Workspace = "docs", JobId = Guid.NewGuid().ToString() }))).StatusCode.ShouldBe(StatusCode.NotFound);
        (await RouterFixture.FailureAsync(fixture.Ingest.GetJobAsync(
            new GetJobRequest { Workspace = "docs", JobId = "1" }))).StatusCode.ShouldBe(StatusCode.InvalidArgument);
    }

    [Fact]
    public async Task A_job_of_one_workspace_is_not_found_through_another()
    {
        await using var fixture = await RouterFixture.StartAsync();
        await fixture.CreateAsync("one");
        await fixture.CreateAsync("two");
        var job = (await fixture.Ingest.SubmitTextAsync(
            new SubmitTextRequest { Source = Source("one", "a"), Text = "secret" })).Job;
        (await RouterFixture.FailureAsync(fixture.Ingest.GetJobAsync(
            new GetJobRequest { Workspace = "two", JobId = job.JobId }))).StatusCode.ShouldBe(StatusCode.NotFound);
        (await RouterFixture.FailureAsync(fixture.Ingest.CancelJobAsync(
            new CancelJobRequest { Workspace = "two", JobId = job.JobId }))).StatusCode.ShouldBe(StatusCode.NotFound);
    }

    [Fact]
    public async Task Documents_are_listed_shown_and_deleted_with_their_chunks_and_waiting_jobs()
    {
        await using var fixture = await RouterFixture.StartAsync(shards: 2);
        var workspace = await fixture.CreateAsync(spread: 4);
        var uid = Guid.Parse(workspace.Uid);
        var source = Source("docs", "d1");
        source.Metadata["k"] = new Value { StringValue = "v" };
        foreach (var id in new[] { "d2", "d1", "d3" })
        {
            await fixture.UpsertAsync("docs", (id, "c1", "text"), (id, "c2", "text"));
            await fixture.Metadata.Documents.UpsertAsync(new DocumentRecord
            {
                WorkspaceUid = uid, DocumentId = id, Title = $"Title {id}", ContentHash = new byte[32],
                Fingerprint = new byte[4], Version = 7, Chunks = 2, Metadata = source.ToByteArray(),
            }, default);
        }

        var list = await fixture.Ingest.ListDocumentsAsync(new ListDocumentsRequest { Workspace = "docs", PageSize = 2 });
        list.Documents.Select(document => document.DocumentId).ShouldBe(["d1", "d2"]);
        (await fixture.Ingest.ListDocumentsAsync(new ListDocumentsRequest
        {
            Workspace = "docs", PageSize = 2, PageToken = list.NextPageToken,
        })).Documents.Single().DocumentId.ShouldBe("d3");
        var shown = (await fixture.Ingest.GetDocumentAsync(
            new GetDocumentRequest { Workspace = "docs", DocumentId = "d1" })).Document;
        (shown.Title, shown.Chunks, shown.Metadata["k"].StringValue).ShouldBe(("Title d1", 2L, "v"));

        var job = (await fixture.Ingest.SubmitTextAsync(
            new SubmitTextRequest { Source = Source("docs", "d1"), Text = "newer" })).Job;
        (await RouterFixture.FailureAsync(fixture.Ingest.DeleteDocumentAsync(
            new DeleteDocumentRequest { Workspace = "docs", DocumentId = "d1", IfVersion = 6 })))
            .StatusCode.ShouldBe(StatusCode.Aborted);
        var deleted = await fixture.Ingest.DeleteDocumentAsync(
            new DeleteDocumentRequest { Workspace = "docs", DocumentId = "d1", IfVersion = 7 });
        deleted.DeletedChunks.ShouldBe(2);
        (await fixture.Ingest.GetJobAsync(new GetJobRequest { Workspace = "docs", JobId = job.JobId }))
            .Job.State.ShouldBe(JobState.Cancelled);
        (await fixture.Chunks.CountChunksAsync(new CountChunksRequest { Workspace = "docs" })).Count.ShouldBe(4);
        foreach (var id in new[] { "d1", "none" })
        {
            (await RouterFixture.FailureAsync(fixture.Ingest.GetDocumentAsync(
                new GetDocumentRequest { Workspace = "docs", DocumentId = id }))).StatusCode.ShouldBe(StatusCode.NotFound);
            (await RouterFixture.FailureAsync(fixture.Ingest.DeleteDocumentAsync(
                new DeleteDocumentRequest { Workspace = "docs", DocumentId = id }))).StatusCode.ShouldBe(StatusCode.NotFound);
        }
    }

    [Fact]
    public async Task A_document_whose_deletion_stopped_half_way_is_indexed_again_when_its_file_comes_again()
    {
        await using var fixture = await RouterFixture.StartAsync();
        var uid = Guid.Parse((await fixture.CreateAsync()).Uid);
        await fixture.Metadata.Documents.UpsertAsync(new DocumentRecord
        {
            WorkspaceUid = uid, DocumentId = "d", ContentHash = new byte[32], Fingerprint = new byte[4], Version = 1,
        }, default);
        fixture.Shards[0].Before = (method, _, _) =>
            method == "Delete" ? Task.FromException(Faults.Away()) : Task.CompletedTask;
        (await RouterFixture.FailureAsync(fixture.Ingest.DeleteDocumentAsync(
            new DeleteDocumentRequest { Workspace = "docs", DocumentId = "d" }))).StatusCode.ShouldBe(StatusCode.Unavailable);
        (await fixture.Metadata.Documents.FindAsync(uid, "d", default))!.Fingerprint.Length.ShouldBe(0);
    }

    private static DocumentSource Source(string workspace, string documentId, string fileName = "") =>
        new() { Workspace = workspace, DocumentId = documentId, FileName = fileName };

    private static async Task<Job> SubmitAsync(
        RouterFixture fixture, DocumentSource source, byte[] bytes, int step, string requestId = "")
    {
        using var call = fixture.Ingest.SubmitFile();
        try
        {
            await call.RequestStream.WriteAsync(new SubmitFileRequest { Source = source, RequestId = requestId });
            for (var at = 0; at < bytes.Length; at += step)
            {
                await call.RequestStream.WriteAsync(new SubmitFileRequest
                {
                    Data = ByteString.CopyFrom(bytes, at, Math.Min(step, bytes.Length - at)),
                });
            }

            await call.RequestStream.CompleteAsync();
        }
        catch (RpcException)
        {
            // Answered before everything was sent: the answer says what it is.
        }

        return (await call.ResponseAsync).Job;
    }

    private static async Task<RpcException> FailureAsync(RouterFixture fixture, SubmitFileRequest[] messages)
    {
        using var call = fixture.Ingest.SubmitFile();
        try
        {
            foreach (var message in messages)
                await call.RequestStream.WriteAsync(message);
            await call.RequestStream.CompleteAsync();
        }
        catch (RpcException)
        {
            // Refused before everything was sent.
        }

        return await Should.ThrowAsync<RpcException>(async () => await call.ResponseAsync);
    }
}
