using Grpc.Core;
using Rag.Internal.V1;
using Rag.Testing;

namespace Rag.Shard.Tests;

public sealed class SearchStreamTests
{
    [Fact]
    public async Task Searches_of_a_stream_are_answered_as_single_ones_are_and_failures_are_theirs_alone()
    {
        await using var fixture = await ShardFixture.StartAsync();
        for (var i = 0; i < 5; i++)
            await fixture.UpsertAsync(ShardFixture.First, $"c{i}", [i, 0, 0]);
        using var call = fixture.Client.SearchStream(deadline: DateTime.UtcNow.AddSeconds(60));
        for (var id = 1u; id <= 300; id++)
        {
            var search = Search(fixture, k: 1 + (int)id % 5);
            if (id % 10 == 0)
                search.Target.SettingsVersion = 99;
            // More than may be under way at a time.
            await call.RequestStream.WriteAsync(new SearchStreamRequest { Id = id, Search = search });
        }

        await call.RequestStream.CompleteAsync();
        var answers = new Dictionary<ulong, SearchStreamResponse>();
        while (await call.ResponseStream.MoveNext(default))
            answers.Add(call.ResponseStream.Current.Id, call.ResponseStream.Current);
        answers.Count.ShouldBe(300);
        foreach (var (id, answer) in answers)
        {
            if (id % 10 != 0)
            {
                answer.Search.Hits.Count.ShouldBe(1 + (int)id % 5);
                continue;
            }

            answer.Failure.Code.ShouldBe((int)StatusCode.FailedPrecondition);
            answer.Failure.Trailers["rag-reason"].ShouldBe("stale-settings");
        }
    }

    [Fact]
    public async Task A_search_that_waits_ends_by_its_time_or_when_nobody_wants_it()
    {
        await using var fixture = await ShardFixture.StartAsync();
        await fixture.UpsertAsync(ShardFixture.First, "c", [0, 0, 0]);
        using var call = fixture.Client.SearchStream(deadline: DateTime.UtcNow.AddSeconds(60));
        var waits = Search(fixture, k: 1);
        waits.MinStamps.Add(new Stamp { Partition = ShardFixture.First, Epoch = 1, Sequence = 1_000_000 });
        await call.RequestStream.WriteAsync(new SearchStreamRequest { Id = 1, Search = waits, TimeoutMs = 5 });
        await call.RequestStream.WriteAsync(new SearchStreamRequest { Id = 2, Search = waits, TimeoutMs = 60_000 });
        await call.RequestStream.WriteAsync(new SearchStreamRequest { Id = 2 });
        await call.RequestStream.WriteAsync(new SearchStreamRequest { Id = 77 });
        await call.RequestStream.WriteAsync(new SearchStreamRequest { Id = 3, Search = waits });
        var codes = new Dictionary<ulong, StatusCode>();
        while (codes.Count < 3 && await call.ResponseStream.MoveNext(default))
            codes.Add(call.ResponseStream.Current.Id, (StatusCode)call.ResponseStream.Current.Failure.Code);
        codes[1].ShouldBe(StatusCode.DeadlineExceeded);
        codes[2].ShouldBe(StatusCode.Cancelled);
        // As far as this replica will not be in a while: the router asks another one.
        codes[3].ShouldBe(StatusCode.FailedPrecondition);
    }

    [Fact]
    public async Task A_search_that_may_not_wait_is_refused_with_a_retry_delay_alone_or_over_a_stream()
    {
        var threads = new HeldThreads();
        await using var fixture = await ShardFixture.StartAsync(threads);
        await fixture.UpsertAsync(ShardFixture.First, "c", [0, 0, 0]);
        using var call = fixture.Client.SearchStream(deadline: DateTime.UtcNow.AddSeconds(60));
        await call.RequestStream.WriteAsync(new SearchStreamRequest { Id = 1, Search = Search(fixture, k: 1) });
        await Eventually.HoldsAsync(() => threads.Queued > 0, "one search waits");
        await call.RequestStream.WriteAsync(new SearchStreamRequest { Id = 2, Search = Search(fixture, k: 1) });
        (await call.ResponseStream.MoveNext(default)).ShouldBeTrue();
        call.ResponseStream.Current.Id.ShouldBe(2ul);
        call.ResponseStream.Current.Failure.Code.ShouldBe((int)StatusCode.ResourceExhausted);
        long.Parse(call.ResponseStream.Current.Failure.Trailers["retry-after-ms"]).ShouldBeInRange(500, 1500);
        var error = await Should.ThrowAsync<RpcException>(async () => await fixture.Client.SearchSlicesAsync(Search(fixture, k: 1)));
        error.StatusCode.ShouldBe(StatusCode.ResourceExhausted);
        error.Trailers.GetValue("retry-after-ms").ShouldNotBeNull();
        threads.Release();
        (await call.ResponseStream.MoveNext(default)).ShouldBeTrue();
        call.ResponseStream.Current.Search.Hits.Count.ShouldBe(1);
    }

    private static SearchSlicesRequest Search(ShardFixture fixture, int k) => new()
    {
        Target = fixture.Target(1, ShardFixture.First), K = k, Vector = Mapping.VectorMapping.Pack([0, 0, 0]), Exact = true,
    };
}
