using NATS.Client.Core;
using NATS.Client.JetStream;
using NATS.Client.JetStream.Models;
using Rag.Nats.Tests.Running;
using Rag.Testing;

namespace Rag.Nats.Tests.JetStream;

public sealed class ConsumerTests(SharedServer shared) : IClassFixture<SharedServer>, IAsyncDisposable
{
    private readonly CancellationToken _deadline = Deadline.Token();
    private readonly NatsConnection _connection = shared.Server.Connect();

    private NatsJSContext Js => new(_connection);

    public ValueTask DisposeAsync() => _connection.DisposeAsync();

    [Fact]
    public async Task A_batch_brings_messages_in_order_with_their_places()
    {
        await FillAsync("batch", 25);
        var consumer = await Js.CreateOrUpdateConsumerAsync("batch", new ConsumerConfig("reader"), _deadline);
        var seen = 0;
        foreach (var size in new[] { 10, 10, 5 })
        {
            var batch = await consumer.FetchAsync<int>(new NatsJSFetchOpts { MaxMsgs = size }, cancellationToken: _deadline).ToListAsync(_deadline);
            batch.Select(message => message.Data).ShouldBe(Enumerable.Range(seen, size));
            seen += size;
            foreach (var message in batch)
            {
                var place = message.Metadata.ShouldNotBeNull();
                place.Stream.ShouldBe("batch");
                place.Consumer.ShouldBe("reader");
                place.Sequence.Stream.ShouldBe((ulong)message.Data + 1);
                place.Sequence.Consumer.ShouldBe((ulong)message.Data + 1);
                place.NumDelivered.ShouldBe(1UL);
                place.NumPending.ShouldBe(24 - (ulong)message.Data);
                place.Timestamp.ShouldBeGreaterThan(DateTimeOffset.UtcNow.AddMinutes(-5));
                await message.AckAsync(new AckOpts { DoubleAck = true }, _deadline);
            }
        }

        await consumer.RefreshAsync(_deadline);
        consumer.Info.NumPending.ShouldBe(0UL);
        consumer.Info.NumAckPending.ShouldBe(0);
        consumer.Info.AckFloor.StreamSeq.ShouldBe(25UL);
        (await consumer.NextAsync<int>(opts: new NatsJSNextOpts { Expires = TimeSpan.FromMilliseconds(50) }, cancellationToken: _deadline)).ShouldBeNull();
        (await consumer.FetchNoWaitAsync<int>(new NatsJSFetchOpts(), cancellationToken: _deadline).CountAsync(_deadline)).ShouldBe(0);
    }

    [Fact]
    public async Task A_durable_consumer_goes_on_where_it_was_over_connections()
    {
        await FillAsync("durable", 4);
        for (var i = 0; i < 4; i++)
        {
            await using var connection = shared.Server.Connect();
            var consumer = await new NatsJSContext(connection).CreateOrUpdateConsumerAsync("durable", new ConsumerConfig("same"), _deadline);
            var message = (await consumer.NextAsync<int>(cancellationToken: _deadline)).ShouldNotBeNull();
            message.Data.ShouldBe(i);
            await message.AckAsync(new AckOpts { DoubleAck = true }, _deadline);
        }

        (await Js.ListConsumerNamesAsync("durable", _deadline).ToListAsync(_deadline)).ShouldBe(["same"]);
        (await Js.GetConsumerAsync("durable", "same", _deadline)).Info.Config.DurableName.ShouldBe("same");
        (await Js.DeleteConsumerAsync("durable", "same", _deadline)).ShouldBeTrue();
        (await Should.ThrowAsync<NatsJSApiException>(async () => await Js.GetConsumerAsync("durable", "same", _deadline)))
            .Error.ErrCode.ShouldBe(NatsJSErrors.ConsumerNotFound);
    }

    [Fact]
    public async Task What_is_refused_comes_again_after_its_delay_and_what_is_terminated_never()
    {
        await FillAsync("answers", 3);
        var consumer = await Js.CreateOrUpdateConsumerAsync("answers", new ConsumerConfig("reader") { AckWait = TimeSpan.FromMinutes(5) }, _deadline);
        var confirmed = new AckOpts { DoubleAck = true };
        var first = await Next(0, 1);
        await first.NakAsync(confirmed, cancellationToken: _deadline);
        var again = await Next(0, 2);
        var delay = TimeSpan.FromMilliseconds(300);
        var refused = System.Diagnostics.Stopwatch.GetTimestamp();
        await again.NakAsync(confirmed, delay, _deadline);
        var seen = new List<(int Data, ulong Delivered)>();
        while (seen.Count < 3)
        {
            var message = (await consumer.NextAsync<int>(cancellationToken: _deadline)).ShouldNotBeNull();
            seen.Add((message.Data, message.Metadata!.Value.NumDelivered));
            if (message.Data == 0)
                System.Diagnostics.Stopwatch.GetElapsedTime(refused).ShouldBeGreaterThan(delay / 2);
            if (message.Data == 1)
                await message.AckTerminateAsync(confirmed, _deadline);
            else
                await message.AckAsync(confirmed, _deadline);
        }

        seen.ShouldBe([(0, 3UL), (1, 1UL), (2, 1UL)], ignoreOrder: true);
        await consumer.RefreshAsync(_deadline);
        consumer.Info.NumAckPending.ShouldBe(0);
        consumer.Info.NumPending.ShouldBe(0UL);

        async Task<INatsJSMsg<int>> Next(int data, ulong delivered)
        {
            var message = (await consumer.NextAsync<int>(cancellationToken: _deadline)).ShouldNotBeNull();
            message.Data.ShouldBe(data);
            message.Metadata!.Value.NumDelivered.ShouldBe(delivered);
            return message;
        }
    }

    [Fact]
    public async Task What_is_not_acknowledged_in_time_comes_again_and_progress_is_confirmed()
    {
        await FillAsync("progress", 1);
        var wait = TimeSpan.FromMilliseconds(200);
        var consumer = await Js.CreateOrUpdateConsumerAsync("progress", new ConsumerConfig("reader") { AckWait = wait, MaxDeliver = 2 }, _deadline);
        var first = (await consumer.NextAsync<int>(cancellationToken: _deadline)).ShouldNotBeNull();
        await first.AckProgressAsync(new AckOpts { DoubleAck = true }, _deadline);
        await first.AckProgressAsync(cancellationToken: _deadline);
        var second = (await consumer.NextAsync<int>(cancellationToken: _deadline)).ShouldNotBeNull();
        second.Metadata!.Value.NumDelivered.ShouldBe(2UL);
    }

    [Fact]
    public async Task A_batch_is_bounded_in_bytes_and_ends_when_its_time_is_over()
    {
        await Js.CreateStreamAsync(new StreamConfig("bytes", ["bytes"]), _deadline);
        for (var i = 0; i < 10; i++)
            await Js.PublishAsync("bytes", new byte[1000], cancellationToken: _deadline);
        var consumer = await Js.CreateOrUpdateConsumerAsync("bytes", new ConsumerConfig("reader"), _deadline);
        var told = new List<NatsJSNotification>();
        var opts = new NatsJSFetchOpts { MaxMsgs = 10, MaxBytes = 3500, NotificationHandler = told.Add };
        (await consumer.FetchAsync<byte[]>(opts, cancellationToken: _deadline).CountAsync(_deadline)).ShouldBe(3);
        told.ShouldHaveSingleItem().Code.ShouldBe(409);
    }

    [Fact]
    public async Task A_batch_ends_when_the_server_goes_silent()
    {
        await using var server = await NatsServer.StartAsync();
        await using var connection = server.Connect();
        var js = new NatsJSContext(connection, new NatsJSOpts { RequestTimeout = TimeSpan.FromSeconds(1) });
        await js.CreateStreamAsync(new StreamConfig("beats", ["beats"]), _deadline);
        var consumer = await js.CreateOrUpdateConsumerAsync("beats", new ConsumerConfig("reader"), _deadline);
        var told = new List<NatsJSNotification>();
        var opts = new NatsJSFetchOpts
        {
            MaxMsgs = 5,
            Expires = TimeSpan.FromMinutes(5),
            IdleHeartbeat = TimeSpan.FromMilliseconds(100),
            NotificationHandler = told.Add,
        };
        await using var batch = consumer.FetchAsync<int>(opts, cancellationToken: _deadline).GetAsyncEnumerator(_deadline);
        var first = batch.MoveNextAsync().AsTask();
        await js.PublishAsync("beats", 7, cancellationToken: _deadline);
        (await first).ShouldBeTrue();
        batch.Current.Data.ShouldBe(7);
        var second = batch.MoveNextAsync().AsTask();
        server.Signal("STOP");
        (await second).ShouldBeFalse();
        told.ShouldHaveSingleItem().Code.ShouldBe(0);
        server.Signal("CONT");
    }

    [Fact]
    public async Task A_waiting_request_is_kept_alive_by_heartbeats()
    {
        await Js.CreateStreamAsync(new StreamConfig("alive", ["alive"]), _deadline);
        var consumer = await Js.CreateOrUpdateConsumerAsync("alive", new ConsumerConfig("reader"), _deadline);
        var api = new JSApi(_connection, new NatsJSOpts());
        await using var inbox = await PullInbox<int>.OpenAsync(_connection, api, consumer.Info, 10, null, _deadline);
        var request = new PullRequest { Batch = 5, Expires = TimeSpan.FromSeconds(1), IdleHeartbeat = TimeSpan.FromMilliseconds(100) };
        await inbox.RequestAsync(request, _deadline);
        var (what, message) = await inbox.ReadAsync(Deadline.Long, _deadline);
        what.ShouldBe(PullEvent.Message);
        PullStatus.Of(message).ShouldNotBeNull().IsHeartbeat.ShouldBeTrue();

        PullStatus? end;
        do
            end = PullStatus.Of((await inbox.ReadAsync(Deadline.Long, _deadline)).Message);
        while (end is { IsHeartbeat: true });
        end!.Value.Code.ShouldBe(408);
        end.Value.PendingMessages.ShouldBe(5);
    }

    [Fact]
    public async Task Consuming_asks_ahead_and_keeps_what_is_under_way_bounded()
    {
        await FillAsync("consume", 1000);
        var consumer = await Js.CreateOrUpdateConsumerAsync("consume", new ConsumerConfig("reader"), _deadline);
        var next = 0;
        await foreach (var message in consumer.ConsumeAsync<int>(opts: new NatsJSConsumeOpts { MaxMsgs = 50 }, cancellationToken: _deadline))
        {
            message.Data.ShouldBe(next++);
            await message.AckAsync(cancellationToken: _deadline);
            if (next == 10)
            {
                await consumer.RefreshAsync(_deadline);
                // Handed out: those read so far and at most 50 ahead.
                consumer.Info.Delivered.ConsumerSeq.ShouldBeLessThanOrEqualTo(60UL);
            }

            if (next == 1000)
                break;
        }

        next.ShouldBe(1000);
    }

    [Fact]
    public async Task Consuming_goes_on_after_the_time_of_a_request_is_over()
    {
        await Js.CreateStreamAsync(new StreamConfig("idle", ["idle"]), _deadline);
        var consumer = await Js.CreateOrUpdateConsumerAsync("idle", new ConsumerConfig("reader"), _deadline);
        var opts = new NatsJSConsumeOpts { MaxMsgs = 10, Expires = TimeSpan.FromMilliseconds(100) };
        await using var messages = consumer.ConsumeAsync<int>(opts: opts, cancellationToken: _deadline).GetAsyncEnumerator(_deadline);
        for (var i = 0; i < 3; i++)
        {
            var next = messages.MoveNextAsync().AsTask();
            await Task.Delay(250, _deadline);
            next.IsCompleted.ShouldBeFalse();
            await Js.PublishAsync("idle", i, cancellationToken: _deadline);
            (await next).ShouldBeTrue();
            messages.Current.Data.ShouldBe(i);
        }
    }

    [Fact]
    public async Task Consuming_a_consumer_that_is_deleted_ends_with_an_error()
    {
        await FillAsync("deleted", 1);
        var consumer = await Js.CreateOrUpdateConsumerAsync("deleted", new ConsumerConfig("reader"), _deadline);
        await using var messages = consumer.ConsumeAsync<int>(cancellationToken: _deadline).GetAsyncEnumerator(_deadline);
        (await messages.MoveNextAsync()).ShouldBeTrue();
        var next = messages.MoveNextAsync().AsTask();
        await Js.DeleteConsumerAsync("deleted", "reader", _deadline);
        await Should.ThrowAsync<NatsJSProtocolException>(() => next);
        // A request that comes later gets no answer at all: the missing heartbeats tell.
        var soon = TimeSpan.FromMilliseconds(200);
        await Should.ThrowAsync<NatsJSProtocolException>(
            async () => await consumer.NextAsync<int>(opts: new NatsJSNextOpts { Expires = soon }, cancellationToken: _deadline));
        await Should.ThrowAsync<NatsJSProtocolException>(
            async () => await consumer.ConsumeAsync<int>(opts: new NatsJSConsumeOpts { Expires = soon }, cancellationToken: _deadline).FirstAsync(_deadline));
    }

    [Fact]
    public async Task Several_readers_of_one_consumer_share_its_messages()
    {
        await FillAsync("shared", 300);
        var consumer = await Js.CreateOrUpdateConsumerAsync("shared", new ConsumerConfig("readers"), _deadline);
        var opts = new NatsJSFetchOpts { MaxMsgs = 7, Expires = TimeSpan.FromMilliseconds(500) };
        var total = 0;
        var parts = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => Task.Run(async () =>
        {
            var seen = new List<int>();
            while (Volatile.Read(ref total) < 300)
            {
                await foreach (var message in consumer.FetchAsync<int>(opts, cancellationToken: _deadline))
                {
                    seen.Add(message.Data);
                    Interlocked.Increment(ref total);
                    await message.AckAsync(cancellationToken: _deadline);
                }
            }

            return seen;
        })));
        parts.SelectMany(part => part).Order().ShouldBe(Enumerable.Range(0, 300));
    }

    [Fact]
    public async Task Consuming_and_ordered_reading_go_on_after_a_restart_of_the_server()
    {
        await using var server = await NatsServer.StartAsync();
        await using var connection = server.Connect();
        var js = new NatsJSContext(connection);
        await js.CreateStreamAsync(new StreamConfig("outage", ["outage"]), _deadline);
        var durable = await js.CreateOrUpdateConsumerAsync("outage", new ConsumerConfig("reader"), _deadline);
        var ordered = await js.CreateOrderedConsumerAsync("outage", cancellationToken: _deadline);
        await using var first = durable.ConsumeAsync<int>(cancellationToken: _deadline).GetAsyncEnumerator(_deadline);
        await using var second = ordered.ConsumeAsync<int>(cancellationToken: _deadline).GetAsyncEnumerator(_deadline);
        for (var round = 0; round < 3; round++)
        {
            for (var i = 0; i < 20; i++)
                (await js.PublishAsync("outage", (round * 20) + i, cancellationToken: _deadline)).EnsureSuccess();
            for (var i = 0; i < 20; i++)
            {
                // An acknowledgement that the server had not written down yet is forgotten: its message comes again.
                do
                    (await first.MoveNextAsync()).ShouldBeTrue();
                while (first.Current.Data < (round * 20) + i);
                first.Current.Data.ShouldBe((round * 20) + i);
                await first.Current.AckAsync(new AckOpts { DoubleAck = true }, _deadline);
                (await second.MoveNextAsync()).ShouldBeTrue();
                second.Current.Data.ShouldBe((round * 20) + i);
            }

            await server.StopAsync();
            await server.StartAgainAsync();
            await Eventually.HoldsAsync(() => connection.ConnectionState == NatsConnectionState.Open, "the connection is back");
            await connection.PingAsync(_deadline);
        }
    }

    [Fact]
    public async Task An_ordered_consumer_reads_on_without_gap_when_the_server_forgets_it()
    {
        await FillAsync("ordered", 200);
        var ordered = await Js.CreateOrderedConsumerAsync("ordered", new NatsJSOrderedConsumerOpts
        {
            DeliverPolicy = ConsumerConfigDeliverPolicy.ByStartSequence,
            OptStartSeq = 51,
        }, _deadline);
        var next = 50;
        var opts = new NatsJSConsumeOpts { MaxMsgs = 20, Expires = TimeSpan.FromMilliseconds(50) };
        await foreach (var message in ordered.ConsumeAsync<int>(opts: opts, cancellationToken: _deadline))
        {
            message.Data.ShouldBe(next++);
            if (next % 80 == 0)
                await Js.DeleteConsumerAsync("ordered", ordered.Info.Name, _deadline);
            if (next == 200)
                break;
        }

        next.ShouldBe(200);
        // A batch left early is taken up by the next one without a gap.
        var batches = await Js.CreateOrderedConsumerAsync("ordered", cancellationToken: _deadline);
        next = 0;
        while (next < 200)
        {
            await foreach (var message in batches.FetchAsync<int>(new NatsJSFetchOpts { MaxMsgs = 90 }, cancellationToken: _deadline))
            {
                message.Data.ShouldBe(next++);
                if (next % 70 == 0 || next == 200)
                    break;
            }
        }
    }

    [Fact]
    public async Task Only_the_subjects_of_a_filter_come_and_a_wrong_one_is_refused()
    {
        await Js.CreateStreamAsync(new StreamConfig("filtered", ["filtered.>"]), _deadline);
        for (var i = 0; i < 10; i++)
            await Js.PublishAsync($"filtered.{i % 2}.x", i, cancellationToken: _deadline);
        var consumer = await Js.CreateOrUpdateConsumerAsync("filtered", new ConsumerConfig("odd") { FilterSubject = "filtered.1.>" }, _deadline);
        (await consumer.FetchNoWaitAsync<int>(new NatsJSFetchOpts(), cancellationToken: _deadline).Select(message => message.Data).ToListAsync(_deadline))
            .ShouldBe([1, 3, 5, 7, 9]);
        var last = await Js.CreateOrUpdateConsumerAsync(
            "filtered", new ConsumerConfig { DeliverPolicy = ConsumerConfigDeliverPolicy.LastPerSubject, FilterSubject = "filtered.>" }, _deadline);
        (await last.FetchNoWaitAsync<int>(new NatsJSFetchOpts(), cancellationToken: _deadline).Select(message => message.Data).ToListAsync(_deadline))
            .ShouldBe([8, 9]);
        await Should.ThrowAsync<NatsJSApiException>(
            async () => await Js.CreateOrUpdateConsumerAsync("filtered", new ConsumerConfig("bad") { FilterSubject = "elsewhere" }, _deadline));
    }

    [Theory]
    [InlineData("$JS.ACK.s.c.1.2.3.1700000000000000000.4", "s", "", 2, 3)]
    [InlineData("$JS.ACK._.hash.s.c.1.2.3.1700000000000000000.4", "s", "", 2, 3)]
    [InlineData("$JS.ACK.hub.hash.s.c.1.2.3.1700000000000000000.4.random", "s", "hub", 2, 3)]
    public void The_place_of_a_message_is_read_from_all_forms_of_its_subject(string subject, string stream, string domain, int streamSeq, int consumerSeq)
    {
        var place = NatsJSMsgMetadata.Parse(subject).ShouldNotBeNull();
        place.Stream.ShouldBe(stream);
        place.Domain.ShouldBe(domain);
        place.Sequence.ShouldBe(new NatsJSSequencePair((ulong)streamSeq, (ulong)consumerSeq));
        place.Timestamp.ShouldBe(DateTimeOffset.FromUnixTimeSeconds(1_700_000_000));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("_INBOX.x")]
    [InlineData("$JS.ACK.s.c.1.2.3")]
    [InlineData("$JS.ACK.s.c.x.2.3.4.5")]
    [InlineData("$JS.ACK.s.c.1.2.3.18446744073709551615.5")]
    public void What_is_no_such_subject_has_no_place(string? subject) => NatsJSMsgMetadata.Parse(subject).ShouldBeNull();

    private async Task FillAsync(string stream, int messages)
    {
        await Js.CreateStreamAsync(new StreamConfig(stream, [stream]), _deadline);
        for (var i = 0; i < messages; i++)
            await _connection.PublishAsync(stream, i, cancellationToken: _deadline);
        await Eventually.HoldsAsync(
            async () => (await Js.GetStreamAsync(stream, _deadline)).Info.State.Messages == messages, "all messages are stored");
    }
}
