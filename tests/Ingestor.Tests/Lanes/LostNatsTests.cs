using NATS.Client.Core;
using NATS.Client.JetStream;
using NATS.Client.JetStream.Models;
using NATS.Net;
using Rag.Hosting.Messaging;
using Rag.Ingestor.Tests.Pipeline;
using Rag.Metadata;
using Rag.Testing;

namespace Rag.Ingestor.Tests.Lanes;

public sealed class LostNatsTests
{
    [Fact]
    public async Task Every_job_ends_once_though_NATS_comes_back_with_its_storage_emptied()
    {
        await using var server = await NatsServer.StartAsync();
        await using var fixture = await IngestorFixture.OpenAsync();
        var nats = LaneServer.OptionsOf(server);
        var release = new TaskCompletionSource();
        fixture.Router.OnWrite = (_, _) => release.Task;
        await fixture.StartAsync(LaneTests.Named("one", maxJobs: 2, lane: 8), nats);
        await fixture.StartAsync(LaneTests.Named("two", maxJobs: 2, lane: 8), nats);
        var workspace = await fixture.WorkspaceAsync();
        var other = await fixture.WorkspaceAsync("other");
        var jobs = new List<JobRecord>();
        for (var i = 0; i < 40; i++)
            jobs.Add(await fixture.SubmitAsync(i % 2 == 0 ? workspace : other, $"{i}.txt", $"Text number {i}."));
        await using var connection = server.Connect();
        var js = connection.CreateJetStreamContext();
        await Eventually.HoldsAsync(
            async () => fixture.Router.Writes.Count >= 4 && await StateAsync(js, nats) is { Messages: >= 8 },
            "workers to be full and jobs to wait in the lanes");

        await server.KillAsync();
        Directory.Delete(Path.Combine(server.Folder, "js"), recursive: true);
        await server.StartAgainAsync();
        for (var i = 40; i < 60; i++)
            jobs.Add(await fixture.SubmitAsync(workspace, $"{i}.txt", $"Text number {i}."));
        release.SetResult();
        foreach (var job in jobs)
            (await fixture.EndOfAsync(job)).ShouldSatisfyAllConditions(
                ended => ended.State.ShouldBe(JobState.Done, ended.Reason), ended => ended.Attempts.ShouldBe(1));
        fixture.Router.Commits.Count.ShouldBe(60);
        // And by the lanes again, which were made anew.
        await Eventually.HoldsAsync(async () => await StateAsync(js, nats) is { ConsumerCount: 3 }, "the lanes");
    }

    [Fact]
    public async Task Without_NATS_jobs_are_taken_from_the_store_and_afterwards_from_the_lanes()
    {
        await using var server = await NatsServer.StartAsync();
        await server.KillAsync();
        await using var fixture = await IngestorFixture.OpenAsync();
        var nats = LaneServer.OptionsOf(server) with { ConnectTimeout = TimeSpan.FromSeconds(1) };
        await fixture.StartAsync(LaneTests.Named("one"), nats);
        var workspace = await fixture.WorkspaceAsync();
        (await fixture.EndOfAsync(await fixture.SubmitAsync(workspace, "a.txt", "Some text."))).State.ShouldBe(JobState.Done);

        await server.StartAgainAsync();
        await using var connection = server.Connect();
        var js = connection.CreateJetStreamContext();
        await Eventually.HoldsAsync(
            async () =>
            {
                (await fixture.EndOfAsync(await fixture.SubmitAsync(workspace, $"{Guid.NewGuid()}.txt", "Some text."))).State.ShouldBe(JobState.Done);
                return await StateAsync(js, nats) is { LastSeq: > 0 };
            },
            "a job in the lanes");
    }

    /// <summary>What the lanes hold; null while they are not there.</summary>
    private static async Task<StreamState?> StateAsync(INatsJSContext js, NatsOptions nats)
    {
        try
        {
            return (await js.GetStreamAsync(nats.Stream("job-lanes"))).Info.State;
        }
        catch (NatsJSException)
        {
            return null;
        }
    }
}
