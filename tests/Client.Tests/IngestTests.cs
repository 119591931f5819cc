using Grpc.Net.InProcess;
using Rag.Testing;
using Rag.V1;

namespace Rag.Client.Tests;

public class IngestTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_file_is_sent_whole_and_waited_for()
    {
        using var folder = new TemporaryFolder();
        var content = new byte[700_000];
        new Random(1).NextBytes(content);
        await File.WriteAllBytesAsync(folder.Combine("notes.md"), content, Stop);
        var service = new FakeIngestService();

        var job = await Documents(service).IngestFileAsync(folder.Combine("notes.md"), cancellationToken: Stop);

        job.State.ShouldBe(JobState.Done);
        job.Chunks.ShouldBe(7);
        service.Content.ShouldBe(content);
        service.Source!.FileName.ShouldBe("notes.md");
        service.Source.Workspace.ShouldBe("w");
    }

    [Fact]
    public async Task A_submission_that_broke_off_is_sent_again_from_the_start_under_the_same_id()
    {
        var content = new byte[300_000];
        new Random(2).NextBytes(content);
        var service = new FakeIngestService(failures: 2);

        await Documents(service).SubmitAsync(() => new MemoryStream(content), new IngestSource { DocumentId = "d" }, Stop);

        service.Content.ShouldBe(content);
        service.RequestIds.Count.ShouldBe(3);
        service.RequestIds.Distinct().Count().ShouldBe(1);
        Guid.Parse(service.RequestIds[0]).Version.ShouldBe(7);
    }

    [Fact]
    public async Task A_watch_that_ends_too_soon_is_taken_up_again()
    {
        var service = new FakeIngestService(failures: 1);
        var job = await new RagClient(new InProcessServer().Bind(service).CreateCallInvoker())
            .Workspace("w").Jobs.WaitAsync("job", Stop);
        job.State.ShouldBe(JobState.Done);
    }

    private static DocumentsClient Documents(FakeIngestService service) => new RagClient(
        new InProcessServer().Bind(service).CreateCallInvoker(),
        new RagClientOptions { Retry = new RetryPolicy { InitialBackoff = TimeSpan.FromMilliseconds(1) } })
        .Workspace("w").Documents;
}
