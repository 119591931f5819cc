using System.Runtime.CompilerServices;
using NATS.Client.JetStream;
using NATS.Client.JetStream.Models;

namespace NATS.Client.KeyValueStore;

/// <inheritdoc cref="INatsKVContext"/>
public sealed class NatsKVContext(INatsJSContext context) : INatsKVContext
{
    private const int MostHistory = 64;

    private static readonly TimeSpan MostDuplicateWindow = TimeSpan.FromMinutes(2);

    /// <inheritdoc/>
    public INatsJSContext JetStreamContext { get; } = context;

    /// <inheritdoc/>
    public ValueTask<INatsKVStore> CreateStoreAsync(string bucket, CancellationToken cancellationToken = default) =>
        CreateStoreAsync(new NatsKVConfig(bucket), cancellationToken);

    /// <inheritdoc/>
    public async ValueTask<INatsKVStore> CreateStoreAsync(NatsKVConfig config, CancellationToken cancellationToken = default) =>
        new NatsKVStore(config.Bucket, JetStreamContext, await JetStreamContext.CreateStreamAsync(StreamOf(config),
            cancellationToken));

    /// <inheritdoc/>
    public async ValueTask<INatsKVStore> UpdateStoreAsync(NatsKVConfig config, CancellationToken cancellationToken = default) =>
        new NatsKVStore(config.Bucket, JetStreamContext, await JetStreamContext.UpdateStreamAsync(StreamOf(config),
            cancellationToken));

    /// <inheritdoc/>
    public async ValueTask<INatsKVStore> CreateOrUpdateStoreAsync(NatsKVConfig config,
        CancellationToken cancellationToken = default) =>
        new NatsKVStore(config.Bucket, JetStreamContext, await JetStreamContext.CreateOrUpdateStreamAsync(StreamOf(config),
            cancellationToken));

    /// <inheritdoc/>
    public async ValueTask<INatsKVStore> GetStoreAsync(string bucket, CancellationToken cancellationToken = default)
    {
        KVNames.CheckBucket(bucket, nameof(bucket));
        try
        {
            var stream = await JetStreamContext.GetStreamAsync(KVNames.Stream(bucket), cancellationToken);
            return stream.Info.Config.MaxMsgsPerSubject > 0
                ? new NatsKVStore(bucket, JetStreamContext, stream)
                : throw new NatsKVException($"The stream of {bucket} is no bucket: it keeps any number of messages of a subject.");
        }
        catch (NatsJSApiException e) when (e.Error.ErrCode == NatsJSErrors.StreamNotFound)
        {
            throw new NatsKVException($"There is no bucket {bucket}.", e);
        }
    }

    /// <inheritdoc/>
    public ValueTask<bool> DeleteStoreAsync(string bucket, CancellationToken cancellationToken = default)
    {
        KVNames.CheckBucket(bucket, nameof(bucket));
        return JetStreamContext.DeleteStreamAsync(KVNames.Stream(bucket), cancellationToken);
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<string> GetBucketNamesAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await foreach (var stream in JetStreamContext.ListStreamNamesAsync("$KV.*.>", cancellationToken))
        {
            if (KVNames.BucketOf(stream) is { } bucket)
                yield return bucket;
        }
    }

    private static StreamConfig StreamOf(NatsKVConfig config)
    {
        KVNames.CheckBucket(config.Bucket, nameof(config));
        if (config.History is < 1 or > MostHistory)
            throw new ArgumentException($"History must be 1 to {MostHistory}.", nameof(config));
        return new StreamConfig(KVNames.Stream(config.Bucket), [KVNames.Subject(config.Bucket, ">")])
        {
            Description = config.Description,
            MaxMsgsPerSubject = config.History,
            MaxAge = config.MaxAge,
            MaxMsgSize = config.MaxValueSize,
            MaxBytes = config.MaxBytes,
            Storage = config.Storage,
            NumReplicas = config.NumberOfReplicas,
            Placement = config.Placement,
            AllowDirect = config.AllowDirect,
            AllowRollupHdrs = true,
            DenyDelete = true,
            Discard = StreamConfigDiscard.New,
            // The server takes no window that is longer than messages live.
            DuplicateWindow = config.MaxAge > TimeSpan.Zero && config.MaxAge < MostDuplicateWindow
                ? config.MaxAge : MostDuplicateWindow,
        };
    }
}
