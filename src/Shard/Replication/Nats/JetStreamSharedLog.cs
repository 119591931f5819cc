using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using NATS.Client.Core;
using NATS.Client.JetStream;
using NATS.Client.JetStream.Models;

namespace Rag.Shard.Replication.Nats;

/// <summary>The shared log on JetStream. Thread-safe.</summary>
/// <param name="js">For what changes something: publishing, trimming, readers.</param>
/// <param name="questions">For what is only asked, and soon asked again.</param>
/// <param name="subjects">What the streams are called.</param>
internal sealed class JetStreamSharedLog(INatsJSContext js, INatsJSContext questions, LogSubjects subjects) : ISharedLog
{
    // JetStream's own numbers.
    private const int MaximumBytesExceeded = 10054;
    private const int MaximumMessagesExceeded = 10055;
    private const int InsufficientResources = 10023;
    private const int StorageExceeded = 10047;
    private const int StoreFailed = 10077;

    private const int BatchMessages = 256;
    private const int BatchBytes = 4 << 20;

    private static readonly TimeSpan FetchTime = TimeSpan.FromSeconds(30);

    // A consumer lives on one server. When that dies while the stream's leader is another one, only its silence tells,
    // after five seconds; writes that wait for the partition have fifteen, the next consumer's election among them.
    private static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(2);

    private readonly ConcurrentDictionary<int, INatsJSStream> _streams = new();

    public int StreamOf(int partition) => subjects.StreamOf(partition);

    public ValueTask<SharedLogState> GetStateAsync(int stream, CancellationToken cancellationToken) =>
        CallAsync(async () =>
        {
            var info = (await questions.GetStreamAsync(subjects.Stream(stream), cancellationToken)).Info;
            return new SharedLogState(info.State.FirstSeq, info.State.LastSeq, info.State.Bytes, info.Config.MaxBytes,
                info.Cluster?.Leader);
        });

    public ValueTask<ulong> GetLastAsync(int partition, CancellationToken cancellationToken) => CallAsync(async () =>
    {
        var found = await GetAsync(
            partition, new StreamMsgGetRequest { LastBySubj = subjects.Subject(partition) }, cancellationToken);
        return found?.Sequence ?? 0;
    });

    public ValueTask<SharedLogEntry?> FindNextAsync(int partition, ulong from, CancellationToken cancellationToken) =>
        CallAsync(async () => await GetAsync(
            partition, new StreamMsgGetRequest { Seq = Math.Max(1, from), NextBySubj = subjects.Subject(partition) },
            cancellationToken));

    public async IAsyncEnumerable<IReadOnlyList<SharedLogEntry>> ReadAsync(
        int partition, ulong from, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var entries = Channel.CreateBounded<SharedLogEntry>(
            new BoundedChannelOptions(BatchMessages) { SingleReader = true, SingleWriter = true });
        var pump = PumpAsync(partition, from, entries.Writer, stopping.Token);
        try
        {
            while (await entries.Reader.WaitToReadAsync(cancellationToken))
            {
                var batch = new List<SharedLogEntry>();
                var bytes = 0;
                while (batch.Count < BatchMessages && bytes < BatchBytes && entries.Reader.TryRead(out var entry))
                {
                    batch.Add(entry);
                    bytes += entry.Body.Length;
                }

                yield return batch;
            }
        }
        finally
        {
            await stopping.CancelAsync();
            await pump;
        }
    }

    public ValueTask<ulong> PublishAsync(
        int partition, string id, ReadOnlyMemory<byte> body, CancellationToken cancellationToken) =>
        CallAsync(async () =>
        {
            var ack = await js.PublishAsync(
                subjects.Subject(partition), body,
                opts: new NatsJSPubOpts { MsgId = id, ExpectedStream = subjects.Stream(subjects.StreamOf(partition)) },
                cancellationToken: cancellationToken);
            if (ack.Error is { } error)
                throw new NatsJSApiException(error);
            return ack.Seq;
        });

    public async ValueTask TrimAsync(int stream, ulong before, CancellationToken cancellationToken) =>
        await CallAsync(() => js.PurgeStreamAsync(
            subjects.Stream(stream), new StreamPurgeRequest { Seq = before }, cancellationToken).AsTask());

    // A batch that ends early says that something happened in between: then nothing more is read until the caller has
    // made sure that what it read is still there.
    private async Task PumpAsync(
        int partition, ulong from, ChannelWriter<SharedLogEntry> to, CancellationToken cancellationToken)
    {
        Exception? failure = null;
        try
        {
            string? interruption = null;
            var opts = new NatsJSFetchOpts
            {
                MaxMsgs = BatchMessages, Expires = FetchTime, IdleHeartbeat = Heartbeat,
                NotificationHandler = told => interruption = told.Message,
            };
            var consumer = await js.CreateOrderedConsumerAsync(
                subjects.Stream(subjects.StreamOf(partition)),
                new NatsJSOrderedConsumerOpts
                {
                    FilterSubject = subjects.Subject(partition),
                    DeliverPolicy = ConsumerConfigDeliverPolicy.ByStartSequence,
                    OptStartSeq = Math.Max(1, from),
                },
                cancellationToken);
            while (interruption is null)
            {
                await foreach (var message in consumer.FetchAsync<byte[]>(opts, cancellationToken: cancellationToken))
                {
                    if (message.Metadata is not { } metadata || message.Error is not null)
                        throw new SharedLogException("A message of the log cannot be read.", cause: message.Error);
                    await to.WriteAsync(
                        new SharedLogEntry(metadata.Sequence.Stream, message.Data ?? [], metadata.Timestamp.UtcTicks),
                        cancellationToken);
                }
            }

            failure = new SharedLogException($"Reading partition {partition} was interrupted: {interruption}");
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The reader has left.
        }
        catch (Exception exception)
        {
            failure = exception is SharedLogException
                ? exception
                : new SharedLogException($"Partition {partition} cannot be read: {exception.Message}", cause: exception);
        }

        to.TryComplete(failure);
    }

    private async Task<SharedLogEntry?> GetAsync(
        int partition, StreamMsgGetRequest request, CancellationToken cancellationToken)
    {
        try
        {
            var number = subjects.StreamOf(partition);
            if (!_streams.TryGetValue(number, out var stream))
                _streams[number] = stream = await questions.GetStreamAsync(subjects.Stream(number), cancellationToken);
            var message = (await stream.GetAsync(request, cancellationToken)).Message;
            return new SharedLogEntry(message.Seq, message.Data, message.Time.UtcTicks);
        }
        catch (NatsJSApiException e) when (e.Error.ErrCode == NatsJSErrors.NoMessageFound)
        {
            return null;
        }
    }

    private static async ValueTask<T> CallAsync<T>(Func<Task<T>> call)
    {
        try
        {
            return await call();
        }
        catch (NatsJSApiException e) when (IsFull(e))
        {
            throw new SharedLogException("The mutation log on NATS is full.", isFull: true, e);
        }
        catch (Exception e) when (e is NatsException or ObjectDisposedException)
        {
            throw new SharedLogException($"The mutation log on NATS does not answer: {e.Message}", cause: e);
        }
    }

    private static bool IsFull(NatsJSApiException exception) => exception.Error.ErrCode is MaximumBytesExceeded
        or MaximumMessagesExceeded or InsufficientResources or StorageExceeded
        || (exception.Error.ErrCode == StoreFailed
            && exception.Error.Description?.Contains("maximum", StringComparison.Ordinal) == true);
}
