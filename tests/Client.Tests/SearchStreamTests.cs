using Grpc.Core;
using Grpc.Net.InProcess;
using Rag.V1;

namespace Rag.Client.Tests;

public class SearchStreamTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_caller_gets_its_own_answer_however_they_are_ordered()
    {
        await using var stream = Client().Searches.OpenStream();
        var held = stream.SearchAsync("w", new SearchQuery { Text = "hold" }, cancellationToken: Stop);
        var next = await stream.SearchAsync("w", new SearchQuery { Text = "next" }, cancellationToken: Stop);

        next.Hits[0].Text.ShouldBe("next");
        (await held).Hits[0].Text.ShouldBe("hold");
    }

    [Fact]
    public async Task Many_searches_share_one_stream()
    {
        await using var stream = Client().Searches.OpenStream(maxInFlight: 8);
        var answers = await Task.WhenAll(Enumerable.Range(0, 200).Select(i =>
            stream.SearchAsync("w", new SearchQuery { Text = $"{i}" }, cancellationToken: Stop)));
        answers.Select(answer => answer.Hits[0].Text).ShouldBe(Enumerable.Range(0, 200).Select(i => $"{i}"));
    }

    [Fact]
    public async Task A_failed_search_fails_only_itself()
    {
        await using var stream = Client().Searches.OpenStream();
        var failure = await Should.ThrowAsync<RagException>(
            () => stream.SearchAsync("w", new SearchQuery { Text = "fail" }, cancellationToken: Stop));
        failure.StatusCode.ShouldBe(StatusCode.NotFound);
        failure.Message.ShouldBe("no such workspace");
        (await stream.SearchAsync("w", new SearchQuery { Text = "after" }, cancellationToken: Stop)).Hits.Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_broken_stream_fails_who_waits_and_who_comes_later()
    {
        await using var stream = Client().Searches.OpenStream();
        var waiting = stream.SearchAsync("w", new SearchQuery { Text = "hold" }, cancellationToken: Stop);
        var breaking = stream.SearchAsync("w", new SearchQuery { Text = "end" }, cancellationToken: Stop);

        (await Should.ThrowAsync<RagException>(() => breaking)).IsTransient.ShouldBeTrue();
        (await Should.ThrowAsync<RagException>(() => waiting)).Message.ShouldContain("the router went away");
        await Should.ThrowAsync<RagException>(
            () => stream.SearchAsync("w", new SearchQuery { Text = "late" }, cancellationToken: Stop));
    }

    [Fact]
    public async Task A_caller_who_gives_up_does_not_disturb_the_others()
    {
        await using var stream = Client().Searches.OpenStream();
        using var giveUp = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        var held = stream.SearchAsync("w", new SearchQuery { Text = "hold" }, cancellationToken: giveUp.Token);
        await giveUp.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => held);
        (await stream.SearchAsync("w", new SearchQuery { Text = "other" }, cancellationToken: Stop)).Hits[0].Text.ShouldBe("other");
    }

    private static RagClient Client() => new(new InProcessServer()
        .Bind(new FakeSearchService((request, _) => new SearchResponse { Hits = { new SearchHit { Text = request.Text } } }))
        .CreateCallInvoker());
}
