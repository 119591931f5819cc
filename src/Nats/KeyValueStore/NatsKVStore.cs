using System.Buffers;
using System.Globalization;
using System.Runtime.CompilerServices;
using NATS.Client.Core;
using NATS.Client.Core.Protocol;
using NATS.Client.JetStream;
using NATS.Client.JetStream.Models;

namespace NATS.Client.KeyValueStore;

/// <inheritdoc cref="INatsKVStore"/>
internal sealed class NatsKVStore(string bucket, INatsJSContext context, INatsJSStream stream) : INatsKVStore
{
    private const string OperationHeader = "KV-Operation";
    private const string RollupHeader = "Nats-Rollup";

    public INatsJSContext JetStreamContext { get; } = context;

    public string Bucket { get; } = bucket;

    public async ValueTask<ulong> PutAsync<T>(
        string key, T value, INatsSerialize<T>? serializer = null, CancellationToken cancellationToken = default)
    {
        KVNames.CheckKey(key, nameof(key));
        var ack = await JetStreamContext.PublishAsync(
            KVNames.Subject(Bucket, key), value, serializer, cancellationToken: cancellationToken);
        ack.EnsureSuccess();
        return ack.Seq;
    }

    public async ValueTask<ulong> CreateAsync<T>(
        string key, T value, INatsSerialize<T>? serializer = null, CancellationToken cancellationToken = default)
    {
        try
        {
            return await UpdateAsync(key, value, 0, serializer, cancellationToken);
        }
        catch (NatsKVWrongLastRevisionException)
        {
            // A deletion may stand there: then the value may come after it.
        }

        try
        {
            await ReadAsync<NatsMemoryOwner<byte>>(key, new StreamMsgGetRequest { LastBySubj = KVNames.Subject(Bucket,
                key) }, false, null, cancellationToken);
        }
        catch (NatsKVKeyDeletedException deleted)
        {
            try
            {
                return await UpdateAsync(key, value, deleted.Revision, serializer, cancellationToken);
            }
            catch (NatsKVWrongLastRevisionException)
            {
                // Another one came in between.
            }
        }

        throw new NatsKVCreateException();
    }

    public async ValueTask<ulong> UpdateAsync<T>(
        string key, T value, ulong revision, INatsSerialize<T>? serializer = null, CancellationToken cancellationToken = default)
    {
        KVNames.CheckKey(key, nameof(key));
        var opts = new NatsJSPubOpts { ExpectedLastSubjectSequence = revision };
        var ack = await JetStreamContext.PublishAsync(
            KVNames.Subject(Bucket, key), value, serializer, opts, cancellationToken: cancellationToken);
        EnsureStored(ack);
        return ack.Seq;
    }

    public async ValueTask DeleteAsync(string key, NatsKVDeleteOpts? opts = null, CancellationToken cancellationToken = default)
    {
        KVNames.CheckKey(key, nameof(key));
        var headers = new NatsHeaders { [OperationHeader] = opts is { Purge: true } ? "PURGE" : "DEL" };
        if (opts is { Purge: true })
            headers[RollupHeader] = "sub";
        var expected = new NatsJSPubOpts { ExpectedLastSubjectSequence = opts is { Revision: > 0 } ? opts.Revision : null };
        EnsureStored(await JetStreamContext.PublishAsync(
            KVNames.Subject(Bucket, key), default(byte[]), opts: expected, headers: headers,
                cancellationToken: cancellationToken));
    }

    public ValueTask PurgeAsync(string key, NatsKVDeleteOpts? opts = null, CancellationToken cancellationToken = default) =>
        DeleteAsync(key, (opts ?? new NatsKVDeleteOpts()) with { Purge = true }, cancellationToken);

    public ValueTask<NatsKVEntry<T>> GetEntryAsync<T>(
        string key, ulong revision = 0, INatsDeserialize<T>? serializer = null, CancellationToken cancellationToken = default)
    {
        KVNames.CheckKey(key, nameof(key));
        var request = revision == 0
            ? new StreamMsgGetRequest { LastBySubj = KVNames.Subject(Bucket, key) }
            : new StreamMsgGetRequest { Seq = revision };
        return ReadAsync(key, request, stream.Info.Config.AllowDirect, serializer, cancellationToken);
    }

    public IAsyncEnumerable<NatsKVEntry<T>> WatchAsync<T>(
        INatsDeserialize<T>? serializer = null, NatsKVWatchOpts? opts = null, CancellationToken cancellationToken = default) =>
        WatchAsync(">", serializer, opts, cancellationToken);

    public async IAsyncEnumerable<NatsKVEntry<T>> WatchAsync<T>(string key, INatsDeserialize<T>? serializer = null,
        NatsKVWatchOpts? opts = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        KVNames.CheckFilter(key, nameof(key));
        opts ??= new NatsKVWatchOpts();
        if (opts.ResumeAtRevision > 0 && (opts.IncludeHistory || opts.UpdatesOnly) || opts is { IncludeHistory: true,
            UpdatesOnly: true })
            throw new ArgumentException("ResumeAtRevision, IncludeHistory and UpdatesOnly exclude one another.", nameof(opts));
        var consumer = await JetStreamContext.CreateOrderedConsumerAsync(
            KVNames.Stream(Bucket),
            new NatsJSOrderedConsumerOpts
            {
                FilterSubject = KVNames.Subject(Bucket, key),
                DeliverPolicy = opts switch
                {
                    { ResumeAtRevision: > 0 } => ConsumerConfigDeliverPolicy.ByStartSequence,
                    { IncludeHistory: true } => ConsumerConfigDeliverPolicy.All,
                    { UpdatesOnly: true } => ConsumerConfigDeliverPolicy.New,
                    _ => ConsumerConfigDeliverPolicy.LastPerSubject,
                },
                OptStartSeq = opts.ResumeAtRevision,
                HeadersOnly = opts.MetaOnly,
            },
            cancellationToken);
        if (consumer.Info.NumPending == 0 && opts.OnNoData is not null && await opts.OnNoData(cancellationToken))
            yield break;
        var prefix = KVNames.Subject(Bucket, "").Length;
        await foreach (var message in consumer.ConsumeAsync(serializer, cancellationToken: cancellationToken))
        {
            var operation = OperationOf(message.Headers);
            if (opts.IgnoreDeletes && operation != NatsKVOperation.Put)
                continue;
            var place = message.Metadata!.Value;
            yield return new NatsKVEntry<T>(Bucket, message.Subject[prefix..])
            {
                Value = message.Data,
                Revision = place.Sequence.Stream,
                Delta = place.NumPending,
                Created = place.Timestamp,
                Operation = operation,
                Error = message.Error,
            };
        }
    }

    public async IAsyncEnumerable<NatsKVEntry<T>> HistoryAsync<T>(string key, INatsDeserialize<T>? serializer = null,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        KVNames.CheckKey(key, nameof(key));
        await foreach (var entry in WatchAsync(key, serializer, UntilEmpty(new NatsKVWatchOpts { IncludeHistory = true }),
            cancellationToken))
        {
            yield return entry;
            if (entry.Delta == 0)
                yield break;
        }
    }

    public async IAsyncEnumerable<string> GetKeysAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        // Deletions are looked at too: one may be the last of what there is.
        var opts = UntilEmpty(new NatsKVWatchOpts { MetaOnly = true });
        await foreach (var entry in WatchAsync<NatsMemoryOwner<byte>>(">", null, opts, cancellationToken))
        {
            if (entry.Operation == NatsKVOperation.Put)
                yield return entry.Key;
            if (entry.Delta == 0)
                yield break;
        }
    }

    public async ValueTask<NatsKVStatus> GetStatusAsync(CancellationToken cancellationToken = default)
    {
        await stream.RefreshAsync(cancellationToken: cancellationToken);
        return new NatsKVStatus(Bucket, stream.Info);
    }

    public async ValueTask PurgeDeletesAsync(NatsKVPurgeOpts? opts = null, CancellationToken cancellationToken = default)
    {
        var oldest = DateTimeOffset.UtcNow - (opts ?? new NatsKVPurgeOpts()).DeleteMarkersThreshold;
        var watch = UntilEmpty(new NatsKVWatchOpts { MetaOnly = true });
        await foreach (var entry in WatchAsync<NatsMemoryOwner<byte>>(">", null, watch, cancellationToken))
        {
            if (entry.Operation != NatsKVOperation.Put)
            {
                // A young mark stays, but nothing before it.
                var keep = entry.Created > oldest ? 1UL : 0;
                await stream.PurgeAsync(
                    new StreamPurgeRequest { Filter = KVNames.Subject(Bucket, entry.Key), Keep = keep,
                        Seq = keep == 0 ? entry.Revision + 1 : 0 },
                    cancellationToken);
            }

            if (entry.Delta == 0)
                return;
        }
    }

    private static NatsKVWatchOpts UntilEmpty(NatsKVWatchOpts opts) => opts with { OnNoData = _ => ValueTask.FromResult(true) };

    private static void EnsureStored(PubAckResponse ack)
    {
        if (ack.Error is { ErrCode: NatsJSErrors.WrongLastSequence } error)
            throw new NatsKVWrongLastRevisionException(new NatsJSApiException(error));
        ack.EnsureSuccess();
    }

    private static NatsKVOperation OperationOf(NatsHeaders? headers) => headers?.GetLastValue(OperationHeader) switch
    {
        "DEL" => NatsKVOperation.Del,
        "PURGE" => NatsKVOperation.Purge,
        _ => NatsKVOperation.Put,
    };

    private async ValueTask<NatsKVEntry<T>> ReadAsync<T>(
        string key, StreamMsgGetRequest request, bool isDirect, INatsDeserialize<T>? serializer,
            CancellationToken cancellationToken)
    {
        NatsKVEntry<T> entry;
        string subject;
        try
        {
            (entry, subject) = isDirect
                ? Entry(key, await stream.GetDirectAsync(request, serializer, cancellationToken))
                : Entry(key, (await stream.GetAsync(request, cancellationToken)).Message, serializer);
        }
        catch (NatsJSApiException e) when (e.Error.ErrCode == NatsJSErrors.NoMessageFound)
        {
            throw new NatsKVKeyNotFoundException();
        }

        // A revision is one of the whole bucket: it may be that of another key.
        if (subject != KVNames.Subject(Bucket, key))
            throw new NatsKVKeyNotFoundException();
        return entry.Operation == NatsKVOperation.Put ? entry : throw new NatsKVKeyDeletedException(entry.Revision);
    }

    private (NatsKVEntry<T> Entry, string Subject) Entry<T>(string key, in NatsMsg<T> message)
    {
        var headers = message.Headers!;
        if (!ulong.TryParse(headers.GetLastValue("Nats-Sequence"), NumberStyles.None, CultureInfo.InvariantCulture,
            out var revision)
            || !DateTimeOffset.TryParse(headers.GetLastValue("Nats-Time-Stamp"), CultureInfo.InvariantCulture, out var created))
            throw new NatsKVException("The answer to a read has no sequence or time.");
        var entry = new NatsKVEntry<T>(Bucket, key)
        {
            Value = message.Data,
            Revision = revision,
            Created = created,
            Operation = OperationOf(headers),
            Error = message.Error,
        };
        return (entry, headers.GetLastValue("Nats-Subject") ?? "");
    }

    private (NatsKVEntry<T> Entry, string Subject) Entry<T>(string key, StoredMessage message, INatsDeserialize<T>? serializer)
    {
        serializer ??= JetStreamContext.Connection.Opts.SerializerRegistry.GetDeserializer<T>();
        var headers = message.Hdrs.IsEmpty ? null : HeaderReader.Read(new ReadOnlySequence<byte>(message.Hdrs));
        var entry = new NatsKVEntry<T>(Bucket, key)
        {
            Value = message.Data.IsEmpty ? default : serializer.Deserialize(new ReadOnlySequence<byte>(message.Data)),
            Revision = message.Seq,
            Created = message.Time,
            Operation = OperationOf(headers),
        };
        return (entry, message.Subject);
    }
}
