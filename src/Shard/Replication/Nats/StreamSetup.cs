using NATS.Client.Core;
using NATS.Client.JetStream;
using NATS.Client.JetStream.Models;

namespace Rag.Shard.Replication.Nats;

/// <summary>Makes the streams of a cluster where they are not there yet, and refuses those that are not as they must be.
/// Several shards may do so at the same time.</summary>
/// <param name="js">To the servers.</param>
/// <param name="subjects">What the streams are called.</param>
/// <param name="options">How many there are, and how large.</param>
/// <param name="time">For pauses.</param>
/// <param name="clusterId">Id of the cluster in its topology, which its streams name; empty: any will do.</param>
internal sealed class StreamSetup(
    INatsJSContext js, LogSubjects subjects, ReplicationOptions options, TimeProvider time, string clusterId = "")
{
    private const long EpochBytes = 32 << 20;

    // JetStream's own numbers.
    private const int NoSuitablePeers = 10005;
    private const int InsufficientStorage = 10023;
    private const int StorageExceeded = 10047;

    private const int DuplicateMinutes = 2;

    private static readonly TimeSpan RetryPause = TimeSpan.FromMilliseconds(250);

    // Servers learn from each other's heartbeats who is there and how much room he has.
    private static readonly TimeSpan PeersPatience = TimeSpan.FromSeconds(15);

    /// <summary>Copies of each stream, once that is known.</summary>
    public int Copies { get; private set; } = 1;

    /// <summary>Makes or checks all streams; waits until the servers have elected who decides that.</summary>
    /// <exception cref="NoPlaceForStreamException">Servers are missing, or have no room for another copy.</exception>
    /// <exception cref="InvalidOperationException">A stream has another configuration; the message says which.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await js.Connection.ConnectAsync();
        // A server of a cluster says so; JetStream's smallest one has three.
        var copies = Copies = options.Copies > 0 ? options.Copies : js.Connection.ServerInfo?.Cluster is { Length: > 0 } ? 3 : 1;
        var streams = Enumerable.Range(0, options.Streams)
            .Select(stream => Config(
                subjects.Stream(stream), subjects.StreamSubjects(stream), copies, options.StreamBytes))
            .Append(Config(subjects.Epochs, subjects.EpochSubjects, copies, EpochBytes) with { MaxMsgsPerSubject = 2 });
        foreach (var config in streams)
            await EnsureAsync(config with { Description = DescriptionOf(clusterId) }, cancellationToken);
        var beyond = await RetryAsync(
            () => FindAsync(subjects.Stream(options.Streams), cancellationToken), cancellationToken);
        if (beyond is not null)
        {
            throw new InvalidOperationException($"The cluster '{subjects.Cluster}' has more than {options.Streams} log "
                + "streams on NATS; set Log:Streams to the number that it was made with.");
        }
    }

    // All other clusters that share these servers go by another Nats:Cluster: by its id a stream knows its own.
    private static string? DescriptionOf(string clusterId) => clusterId.Length == 0 ? null : $"Mutation log of cluster {clusterId}";

    private static StreamConfig Config(string name, string subject, int copies, long bytes) => new(name, [subject])
    {
        Storage = StreamConfigStorage.File,
        Retention = StreamConfigRetention.Limits,
        Discard = StreamConfigDiscard.New,
        NumReplicas = copies,
        MaxBytes = bytes,
        DuplicateWindow = TimeSpan.FromMinutes(DuplicateMinutes),
    };

    private async Task EnsureAsync(StreamConfig config, CancellationToken cancellationToken)
    {
        StreamInfo? found;
        try
        {
            found = await RetryAsync(() => FindOrMakeAsync(config, cancellationToken), cancellationToken);
        }
        catch (NatsJSApiException e) when (e.Error.ErrCode == NoSuitablePeers)
        {
            throw new NoPlaceForStreamException($"NATS has no place for {config.NumReplicas} copies of stream {config.Name} of "
                + $"{config.MaxBytes >> 20} MiB ({e.Error.Description}): start more of its servers, raise their max_file_store, or "
                + "lower Log:StreamBytes or Log:Streams.", e);
        }

        var fault = FaultOf(found!.Config, config);
        if (fault is not null)
        {
            throw new InvalidOperationException($"Stream {config.Name} on NATS {fault}; another cluster or other options "
                + "made it. Give this cluster a name of its own (Nats:Cluster), or change the stream back.");
        }
    }

    private static string? FaultOf(StreamConfig found, StreamConfig config) =>
        config.Description is { } own && found.Description is { Length: > 0 } theirs && own != theirs
            ? $"says \"{theirs}\", not \"{own}\""
        : found.Subjects is not { Count: 1 } || found.Subjects.First() != config.Subjects!.First()
            ? $"takes subjects {string.Join(", ", found.Subjects ?? [])} instead of {config.Subjects!.First()}"
        : found.Storage != config.Storage ? "does not keep its messages in files"
        : found.Retention != config.Retention ? "drops messages that were consumed"
        : found.Discard != config.Discard ? "drops old messages when it is full"
        : found.MaxAge != TimeSpan.Zero ? "drops messages by age"
        : found.NumReplicas != config.NumReplicas
            ? $"has {found.NumReplicas} copies instead of {config.NumReplicas} (Log:Copies)"
        : found.MaxMsgs > 0 ? "has a limit of messages"
        : null;

    private async Task<StreamInfo?> FindOrMakeAsync(StreamConfig config, CancellationToken cancellationToken)
    {
        if (await FindAsync(config.Name!, cancellationToken) is { } found)
            return found;
        try
        {
            return (await js.CreateStreamAsync(config, cancellationToken)).Info;
        }
        catch (NatsJSApiException e) when (e.Error.ErrCode is StorageExceeded or InsufficientStorage)
        {
            throw new InvalidOperationException($"NATS has no room for stream {config.Name} of {config.MaxBytes >> 20} MiB: "
                + "raise max_file_store of its servers, or lower Log:StreamBytes or Log:Streams.", e);
        }
        catch (NatsJSApiException e) when (e.Error.ErrCode == NatsJSErrors.StreamNameInUse)
        {
            return await FindAsync(config.Name!, cancellationToken);
        }
    }

    private async Task<StreamInfo?> FindAsync(string name, CancellationToken cancellationToken)
    {
        try
        {
            return (await js.GetStreamAsync(name, cancellationToken)).Info;
        }
        catch (NatsJSApiException e) when (e.Error.ErrCode == NatsJSErrors.StreamNotFound)
        {
            return null;
        }
    }

    // Servers that have just started have no leader for a while, and say so in several ways.
    private async Task<T> RetryAsync<T>(Func<Task<T>> act, CancellationToken cancellationToken)
    {
        var began = time.GetTimestamp();
        while (true)
        {
            try
            {
                return await act();
            }
            catch (NatsJSApiException e) when (e.Error.ErrCode == NoSuitablePeers
                && time.GetElapsedTime(began) < PeersPatience)
            {
                await Task.Delay(RetryPause, time, cancellationToken);
            }
            catch (NatsException e) when (e is not NatsJSApiException { Error.Code: 400 or 403 })
            {
                await Task.Delay(RetryPause, time, cancellationToken);
            }
        }
    }
}
