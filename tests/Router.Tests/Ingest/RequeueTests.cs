using Grpc.Core;
using Rag.Router.Tests.Fakes;
using Rag.V1;

namespace Rag.Router.Tests.Ingest;

public sealed class RequeueTests
{
    [Fact]
    public async Task Jobs_that_failed_are_queued_again_and_others_say_why_not()
    {
        await using var fixture = await RouterFixture.StartAsync();
        var workspace = await fixture.CreateAsync();
        var failed = await FailedAsync(fixture, "a");
        var gone = await FailedAsync(fixture, "b");
        await fixture.Metadata.Blobs.DeleteAsync(Guid.Parse(gone.JobId), default);
        var cancelled = await SubmitAsync(fixture, "c");
        await fixture.Ingest.CancelJobAsync(new CancelJobRequest { Workspace = "docs", JobId = cancelled.JobId });
        var waiting = await SubmitAsync(fixture, "d");
        var overtaken = await FailedAsync(fixture, "e");
        await SubmitAsync(fixture, "e");

        var request = new RequeueJobsRequest
        {
            Workspace = "docs",
            JobIds = { failed.JobId, gone.JobId, cancelled.JobId, waiting.JobId, overtaken.JobId, Guid.NewGuid().ToString() },
        };
        var results = (await fixture.Ingest.RequeueJobsAsync(request)).Results;
        results.Select(result => result.JobId).ShouldBe(request.JobIds);
        results.Select(result => (StatusCode)(result.Error?.Code ?? 0)).ShouldBe(
        [
            StatusCode.OK, StatusCode.FailedPrecondition, StatusCode.FailedPrecondition, StatusCode.OK,
            StatusCode.FailedPrecondition, StatusCode.NotFound,
        ]);
        results[0].Job.State.ShouldBe(JobState.Queued);
        // Said twice, as by a retry of the call, it is as it was.
        (await fixture.Ingest.RequeueJobsAsync(request)).Results[0].Error.ShouldBeNull();
        var record = await fixture.Metadata.Jobs.FindAsync(Guid.Parse(workspace.Uid), Guid.Parse(failed.JobId), default);
        record!.Fence.ShouldBe(2);
    }

    [Fact]
    public async Task Ids_that_are_none_and_too_many_of_them_are_refused_whole()
    {
        await using var fixture = await RouterFixture.StartAsync();
        await fixture.CreateAsync();
        foreach (var ids in new[] { [], ["no uuid"], Enumerable.Repeat(Guid.NewGuid().ToString(), 1001).ToArray() })
        {
            var error = await RouterFixture.FailureAsync(fixture.Ingest.RequeueJobsAsync(
                new RequeueJobsRequest { Workspace = "docs", JobIds = { ids } }));
            error.StatusCode.ShouldBe(StatusCode.InvalidArgument);
        }
    }

    [Fact]
    public async Task A_jobs_priority_is_the_callers_and_normal_where_none_is_given()
    {
        await using var fixture = await RouterFixture.StartAsync();
        await fixture.CreateAsync();
        (await SubmitAsync(fixture, "a")).Priority.ShouldBe(JobPriority.Normal);
        (await SubmitAsync(fixture, "b", JobPriority.Bulk)).Priority.ShouldBe(JobPriority.Bulk);
        var error = await Should.ThrowAsync<RpcException>(() => SubmitAsync(fixture, "c", (JobPriority)9));
        RouterFixture.FieldsOf(error).ShouldBe(["source.priority"]);
    }

    private static async Task<Job> SubmitAsync(RouterFixture fixture, string documentId, JobPriority priority = JobPriority.Unspecified) =>
        (await fixture.Ingest.SubmitTextAsync(new SubmitTextRequest
        {
            Source = new DocumentSource { Workspace = "docs", DocumentId = documentId, Priority = priority }, Text = "one",
        })).Job;

    private static async Task<Job> FailedAsync(RouterFixture fixture, string documentId)
    {
        var job = await SubmitAsync(fixture, documentId);
        var claimed = await fixture.Metadata.Jobs.ClaimOneAsync(Guid.Parse(job.JobId), "worker", TimeSpan.FromMinutes(1), default);
        await fixture.Metadata.Jobs.FailAsync(claimed!.JobId, claimed.Fence, "It is encrypted.", default);
        return job;
    }
}
