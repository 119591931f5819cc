using NATS.Client.Core;
using NATS.Client.JetStream;
using NATS.Client.JetStream.Models;
using NATS.Client.KeyValueStore;
using NATS.Net;
using Rag.Nats.Tests.Running;
using Rag.Testing;

namespace Rag.Nats.Tests.KeyValueStore;

public sealed class KeyValueTests(SharedServer shared) : IClassFixture<SharedServer>, IAsyncDisposable
{
    private readonly CancellationToken _deadline = Deadline.Token();
    private readonly NatsConnection _connection = shared.Server.Connect();

    private INatsKVContext Kv => _connection.CreateJetStreamContext().CreateKeyValueStoreContext();

    public ValueTask DisposeAsync() => _connection.DisposeAsync();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_key_is_put_got_updated_deleted_and_made_again(bool allowDirect)
    {
        var store = await Kv.CreateStoreAsync(new NatsKVConfig($"life-{allowDirect}") { History = 5, AllowDirect = allowDirect }, _deadline);
        await Should.ThrowAsync<NatsKVKeyNotFoundException>(async () => await store.GetEntryAsync<string>("a.b", cancellationToken: _deadline));
        (await store.CreateAsync("a.b", "one", cancellationToken: _deadline)).ShouldBe(1UL);
        await Should.ThrowAsync<NatsKVCreateException>(async () => await store.CreateAsync("a.b", "x", cancellationToken: _deadline));
        (await store.PutAsync("a.b", "two", cancellationToken: _deadline)).ShouldBe(2UL);
        (await store.PutAsync("other", "three", cancellationToken: _deadline)).ShouldBe(3UL);
        await Should.ThrowAsync<NatsKVWrongLastRevisionException>(async () => await store.UpdateAsync("a.b", "x", 1, cancellationToken: _deadline));
        (await store.UpdateAsync("a.b", "four", 2, cancellationToken: _deadline)).ShouldBe(4UL);

        var entry = await store.GetEntryAsync<string>("a.b", cancellationToken: _deadline);
        entry.Value.ShouldBe("four");
        entry.Revision.ShouldBe(4UL);
        entry.Key.ShouldBe("a.b");
        entry.Created.ShouldBeGreaterThan(DateTimeOffset.UtcNow.AddMinutes(-5));
        (await store.GetEntryAsync<string>("a.b", 2, cancellationToken: _deadline)).Value.ShouldBe("two");
        // Revision 3 is another key's.
        await Should.ThrowAsync<NatsKVKeyNotFoundException>(async () => await store.GetEntryAsync<string>("a.b", 3, cancellationToken: _deadline));

        await Should.ThrowAsync<NatsKVWrongLastRevisionException>(async () => await store.DeleteAsync("a.b", new NatsKVDeleteOpts { Revision = 2 }, _deadline));
        await store.DeleteAsync("a.b", new NatsKVDeleteOpts { Revision = 4 }, _deadline);
        (await Should.ThrowAsync<NatsKVKeyDeletedException>(async () => await store.GetEntryAsync<string>("a.b", cancellationToken: _deadline)))
            .Revision.ShouldBe(5UL);
        (await store.CreateAsync("a.b", "six", cancellationToken: _deadline)).ShouldBe(6UL);

        var history = await store.HistoryAsync<string>("a.b", cancellationToken: _deadline).ToListAsync(_deadline);
        history.Select(old => (old.Revision, old.Operation, old.Value)).ShouldBe(
        [
            (1UL, NatsKVOperation.Put, "one"), (2UL, NatsKVOperation.Put, "two"), (4UL, NatsKVOperation.Put, "four"),
            (5UL, NatsKVOperation.Del, null), (6UL, NatsKVOperation.Put, "six"),
        ]);
        (await store.GetKeysAsync(_deadline).ToListAsync(_deadline)).Order().ShouldBe(["a.b", "other"]);
        await store.PurgeAsync("a.b", cancellationToken: _deadline);
        (await store.HistoryAsync<string>("a.b", cancellationToken: _deadline).Select(old => old.Operation).ToListAsync(_deadline))
            .ShouldBe([NatsKVOperation.Purge]);
        (await store.GetKeysAsync(_deadline).ToListAsync(_deadline)).ShouldBe(["other"]);
    }

    [Fact]
    public async Task Buckets_are_made_looked_up_listed_changed_and_deleted()
    {
        var config = new NatsKVConfig("bucket") { MaxAge = TimeSpan.FromSeconds(30), Storage = StreamConfigStorage.Memory, MaxValueSize = 100 };
        var store = await Kv.CreateStoreAsync(config, _deadline);
        (await store.GetStatusAsync(_deadline)).Info.Config.MaxAge.ShouldBe(TimeSpan.FromSeconds(30));
        (await Kv.GetStoreAsync("bucket", _deadline)).Bucket.ShouldBe("bucket");
        (await Kv.GetBucketNamesAsync(_deadline).ToListAsync(_deadline)).ShouldContain("bucket");
        await Should.ThrowAsync<NatsJSApiException>(async () => await store.PutAsync("large", new byte[101], cancellationToken: _deadline));
        await Kv.UpdateStoreAsync(config with { MaxValueSize = 200 }, _deadline);
        await store.PutAsync("large", new byte[101], cancellationToken: _deadline);
        (await Kv.DeleteStoreAsync("bucket", _deadline)).ShouldBeTrue();
        await Should.ThrowAsync<NatsKVException>(async () => await Kv.GetStoreAsync("bucket", _deadline));
        await Kv.CreateOrUpdateStoreAsync(config, _deadline);
        (await Kv.CreateStoreAsync("bucket-2", _deadline)).Bucket.ShouldBe("bucket-2");
        (await (await Kv.GetStoreAsync("bucket-2", _deadline)).GetKeysAsync(_deadline).CountAsync(_deadline)).ShouldBe(0);
    }

    [Theory]
    [InlineData("")]
    [InlineData(".a")]
    [InlineData("a.")]
    [InlineData("a..b")]
    [InlineData("a b")]
    [InlineData("a.*")]
    [InlineData(">")]
    public async Task What_can_be_no_key_is_refused(string key)
    {
        var store = await Kv.CreateStoreAsync("keys", _deadline);
        await Should.ThrowAsync<ArgumentException>(async () => await store.PutAsync(key, 1));
        await Should.ThrowAsync<ArgumentException>(async () => await store.GetEntryAsync<int>(key));
        await Should.ThrowAsync<ArgumentException>(async () => await store.DeleteAsync(key));
        await Should.ThrowAsync<ArgumentException>(async () => await Kv.CreateStoreAsync("a.b"));
        await Should.ThrowAsync<ArgumentException>(async () => await Kv.CreateStoreAsync(new NatsKVConfig("a") { History = 65 }));
    }

    [Fact]
    public async Task A_watch_brings_what_is_there_and_then_every_change()
    {
        var store = await Kv.CreateStoreAsync(new NatsKVConfig("watch") { History = 3 }, _deadline);
        await store.PutAsync("a.1", 1, cancellationToken: _deadline);
        await store.PutAsync("a.1", 2, cancellationToken: _deadline);
        await store.PutAsync("b.1", 3, cancellationToken: _deadline);
        await using var all = store.WatchAsync<int>(cancellationToken: _deadline).GetAsyncEnumerator(_deadline);
        await using var some = store.WatchAsync<int>("a.*", opts: new NatsKVWatchOpts { IncludeHistory = true }, cancellationToken: _deadline).GetAsyncEnumerator(_deadline);
        await using var resumed = store.WatchAsync<int>(opts: new NatsKVWatchOpts { ResumeAtRevision = 3 }, cancellationToken: _deadline).GetAsyncEnumerator(_deadline);
        await using var values = store.WatchAsync<int>(opts: new NatsKVWatchOpts { IgnoreDeletes = true, MetaOnly = true }, cancellationToken: _deadline).GetAsyncEnumerator(_deadline);
        await NextAsync(all, "a.1", 2, NatsKVOperation.Put, 1);
        await NextAsync(all, "b.1", 3, NatsKVOperation.Put, 0);
        await NextAsync(some, "a.1", 1, NatsKVOperation.Put, 1);
        await NextAsync(some, "a.1", 2, NatsKVOperation.Put, 0);
        await NextAsync(resumed, "b.1", 3, NatsKVOperation.Put, 0);
        await NextAsync(values, "a.1", 0, NatsKVOperation.Put, 1);
        await NextAsync(values, "b.1", 0, NatsKVOperation.Put, 0);

        await store.DeleteAsync("a.1", cancellationToken: _deadline);
        await store.PutAsync("a.2", 5, cancellationToken: _deadline);
        await NextAsync(all, "a.1", 0, NatsKVOperation.Del, null);
        await NextAsync(all, "a.2", 5, NatsKVOperation.Put, null);
        await NextAsync(some, "a.1", 0, NatsKVOperation.Del, null);
        await NextAsync(some, "a.2", 5, NatsKVOperation.Put, null);
        await NextAsync(values, "a.2", 0, NatsKVOperation.Put, null);

        var asked = false;
        var none = store.WatchAsync<int>("nothing", opts: new NatsKVWatchOpts
        {
            OnNoData = _ =>
            {
                asked = true;
                return ValueTask.FromResult(true);
            },
        }, cancellationToken: _deadline);
        (await none.CountAsync(_deadline)).ShouldBe(0);
        asked.ShouldBeTrue();
        await Should.ThrowAsync<ArgumentException>(async () => await store
            .WatchAsync<int>(opts: new NatsKVWatchOpts { UpdatesOnly = true, IncludeHistory = true }, cancellationToken: _deadline).AnyAsync(_deadline));

        static async Task NextAsync(IAsyncEnumerator<NatsKVEntry<int>> entries, string key, int value, NatsKVOperation operation, int? delta)
        {
            (await entries.MoveNextAsync()).ShouldBeTrue();
            entries.Current.Key.ShouldBe(key);
            if (value != 0)
                entries.Current.Value.ShouldBe(value);
            entries.Current.Operation.ShouldBe(operation);
            if (delta is not null)
                entries.Current.Delta.ShouldBe((ulong)delta);
        }
    }

    [Fact]
    public async Task A_watch_goes_on_after_a_restart_of_the_server_without_gap()
    {
        await using var server = await NatsServer.StartAsync();
        await using var connection = server.Connect();
        var store = await connection.CreateJetStreamContext().CreateKeyValueStoreContext()
            .CreateStoreAsync(new NatsKVConfig("outage") { History = 64 }, _deadline);
        var opts = new NatsKVWatchOpts { IncludeHistory = true };
        await using var watch = store.WatchAsync<int>(opts: opts, cancellationToken: _deadline).GetAsyncEnumerator(_deadline);
        for (var i = 1; i <= 30; i++)
        {
            await store.PutAsync("k", i, cancellationToken: _deadline);
            if (i % 10 == 0)
            {
                await server.StopAsync();
                await server.StartAgainAsync();
                await Eventually.HoldsAsync(() => connection.ConnectionState == NatsConnectionState.Open, "the connection is back");
            }

            if (i % 5 != 0)
                continue;
            for (var seen = i - 4; seen <= i; seen++)
            {
                (await watch.MoveNextAsync()).ShouldBeTrue();
                watch.Current.Value.ShouldBe(seen);
            }
        }
    }

    [Fact]
    public async Task Of_many_writers_that_compare_and_set_exactly_one_wins_each_round()
    {
        var store = await Kv.CreateStoreAsync("counter", _deadline);
        await store.PutAsync("n", 0, cancellationToken: _deadline);
        // Each adds 1 twenty times, trying again when another one was faster.
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(async () =>
        {
            await using var connection = shared.Server.Connect();
            var own = await connection.CreateJetStreamContext().CreateKeyValueStoreContext().GetStoreAsync("counter", _deadline);
            for (var done = 0; done < 20;)
            {
                var entry = await own.GetEntryAsync<int>("n", cancellationToken: _deadline);
                try
                {
                    await own.UpdateAsync("n", entry.Value + 1, entry.Revision, cancellationToken: _deadline);
                    done++;
                }
                catch (NatsKVWrongLastRevisionException)
                {
                    // Once more.
                }
            }
        })));
        (await store.GetEntryAsync<int>("n", cancellationToken: _deadline)).Value.ShouldBe(160);
    }

    [Fact]
    public async Task Old_marks_of_deletions_are_cleared_away_and_young_ones_stay()
    {
        var store = await Kv.CreateStoreAsync(new NatsKVConfig("marks") { History = 4 }, _deadline);
        foreach (var key in new[] { "a", "b", "kept" })
        {
            await store.PutAsync(key, 1, cancellationToken: _deadline);
            await store.PutAsync(key, 2, cancellationToken: _deadline);
        }

        await store.DeleteAsync("a", cancellationToken: _deadline);
        await store.DeleteAsync("b", cancellationToken: _deadline);
        await store.PurgeDeletesAsync(cancellationToken: _deadline);
        (await store.GetStatusAsync(_deadline)).Info.State.Messages.ShouldBe(4);
        await store.PurgeDeletesAsync(new NatsKVPurgeOpts { DeleteMarkersThreshold = TimeSpan.Zero }, _deadline);
        (await store.GetStatusAsync(_deadline)).Info.State.Messages.ShouldBe(2);
        (await store.GetEntryAsync<int>("kept", cancellationToken: _deadline)).Value.ShouldBe(2);
    }
}
