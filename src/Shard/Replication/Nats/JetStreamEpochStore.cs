using System.Collections.Immutable;
using System.Text.Json;
using NATS.Client.Core;
using NATS.Client.JetStream;
using NATS.Client.JetStream.Models;
using Rag.Engine;

namespace Rag.Shard.Replication.Nats;

/// <summary>
/// Epochs in a stream of their own. A write expects the last sequence of the whole stream: of a replicated stream the
/// server checks that where it is decided, and the last sequence of a subject only before (until 2.9.21), so that two
/// writers could win. Thread-safe.
/// </summary>
internal sealed class JetStreamEpochStore(INatsJSContext js, LogSubjects subjects) : IEpochStore
{
    // Writers of other partitions are in each other's way, but one of them goes on each time.
    private const int MaxTries = 200;

    public async ValueTask<EpochEntry> ReadAsync(int partition, CancellationToken cancellationToken)
    {
        try
        {
            var stream = await js.GetStreamAsync(subjects.Epochs, cancellationToken);
            return await ReadAsync(stream, partition, cancellationToken);
        }
        catch (Exception e) when (e is NatsException or ObjectDisposedException)
        {
            throw Failed(e);
        }
    }

    public async ValueTask<bool> TryWriteAsync(
        int partition, EpochEntry former, EpochHistory history, CancellationToken cancellationToken)
    {
        var body = JsonSerializer.SerializeToUtf8Bytes(StoredHistory.Of(history));
        try
        {
            for (var attempt = 0; attempt < MaxTries; attempt++)
            {
                // The end of the stream first: who writes in between makes this write fail.
                var stream = await js.GetStreamAsync(subjects.Epochs, cancellationToken);
                var current = await ReadAsync(stream, partition, cancellationToken);
                if (current.Version != former.Version)
                    return false;
                var ack = await js.PublishAsync(
                    subjects.Epoch(partition), body,
                    opts: new NatsJSPubOpts { ExpectedLastSequence = stream.Info.State.LastSeq },
                    cancellationToken: cancellationToken);
                if (ack.Error is null)
                    return true;
                if (ack.Error.ErrCode != NatsJSErrors.WrongLastSequence)
                    throw new NatsJSApiException(ack.Error);
                await Task.Delay(Random.Shared.Next(1, 10), cancellationToken);
            }

            return false;
        }
        catch (Exception e) when (e is NatsException or ObjectDisposedException)
        {
            throw Failed(e);
        }
    }

    private async Task<EpochEntry> ReadAsync(INatsJSStream stream, int partition, CancellationToken cancellationToken)
    {
        try
        {
            var message = (await stream.GetAsync(
                new StreamMsgGetRequest { LastBySubj = subjects.Epoch(partition) }, cancellationToken)).Message;
            var stored = JsonSerializer.Deserialize<StoredHistory>(message.Data.Span)
                ?? throw new JsonException("It is empty.");
            return new EpochEntry(stored.ToHistory(), message.Seq);
        }
        catch (NatsJSApiException e) when (e.Error.ErrCode == NatsJSErrors.NoMessageFound)
        {
            return new EpochEntry(EpochHistory.Empty, 0);
        }
        catch (JsonException damaged)
        {
            throw new SharedLogException($"The epochs of partition {partition} are damaged: {damaged.Message}");
        }
    }

    private static SharedLogException Failed(Exception cause) =>
        new($"The epochs on NATS do not answer: {cause.Message}", cause: cause);

    private sealed record StoredHistory(IReadOnlyList<StoredEpoch> Epochs, IReadOnlyList<EpochMark>? Line = null)
    {
        public static StoredHistory Of(EpochHistory history) => new(
            [.. history.Records.Select(StoredEpoch.Of), .. history.Claim is { } claim ? [StoredEpoch.Of(claim)] : Array.Empty<StoredEpoch>()],
            history.Line);

        public EpochHistory ToHistory()
        {
            ImmutableArray<EpochRecord> records = [.. Epochs.Where(epoch => epoch.Marker != 0).Select(epoch => epoch.ToRecord())];
            // Earlier releases kept none.
            return new EpochHistory(
                records, Epochs.FirstOrDefault(epoch => epoch.Marker == 0)?.ToRecord(),
                Line is null ? [.. records.Select(static record => record.Mark).TakeLast(EpochHistory.MaxLine)] : [.. Line]);
        }
    }

    private sealed record StoredEpoch(
        uint Epoch, string Leader, ulong Kept, uint AtEpoch, ulong AtSequence, ulong Marker, uint EndEpoch,
        ulong EndSequence)
    {
        public static StoredEpoch Of(EpochRecord record) => new(
            record.Epoch, record.Leader, record.Kept, record.At.Epoch, record.At.Sequence, record.Marker,
            record.End.Epoch, record.End.Sequence);

        public EpochRecord ToRecord() => new(Epoch, Leader, Kept, new WriteStamp(AtEpoch, AtSequence), Marker,
            new WriteStamp(EndEpoch, EndSequence));
    }
}
