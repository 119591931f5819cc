using NATS.Client.Core;
using NATS.Client.JetStream;

namespace NATS.Client.KeyValueStore;

/// <summary>
/// A bucket. Keys: letters, digits and -_/=. with no dot at either end. Thread-safe. On replicated buckets of servers
/// before 2.9.21 a compare-and-set may let two writers win (see <see cref="NatsJSPubOpts.ExpectedLastSubjectSequence"/>).
/// </summary>
public interface INatsKVStore
{
    /// <summary>JetStream, which keeps it.</summary>
    INatsJSContext JetStreamContext { get; }

    /// <summary>Name.</summary>
    string Bucket { get; }

    /// <summary>Gives a key a value and returns the revision.</summary>
    ValueTask<ulong> PutAsync<T>(string key, T value, INatsSerialize<T>? serializer = null,
        CancellationToken cancellationToken = default);

    /// <summary>Gives a key a value that has none, or was deleted, and returns the revision.</summary>
    /// <exception cref="NatsKVCreateException">It has one.</exception>
    ValueTask<ulong> CreateAsync<T>(string key, T value, INatsSerialize<T>? serializer = null,
        CancellationToken cancellationToken = default);

    /// <summary>Gives a key a value if this is its last revision (0: none), and returns the new one.</summary>
    /// <exception cref="NatsKVWrongLastRevisionException">It is not.</exception>
    ValueTask<ulong> UpdateAsync<T>(string key, T value, ulong revision, INatsSerialize<T>? serializer = null,
        CancellationToken cancellationToken = default);

    /// <summary>Deletes a key; earlier revisions stay.</summary>
    /// <exception cref="NatsKVWrongLastRevisionException">The revision in the options is not the last one.</exception>
    ValueTask DeleteAsync(string key, NatsKVDeleteOpts? opts = null, CancellationToken cancellationToken = default);

    /// <summary>Deletes a key with all earlier revisions.</summary>
    /// <exception cref="NatsKVWrongLastRevisionException">The revision in the options is not the last one.</exception>
    ValueTask PurgeAsync(string key, NatsKVDeleteOpts? opts = null, CancellationToken cancellationToken = default);

    /// <summary>The last revision of a key, or a certain one.</summary>
    /// <exception cref="NatsKVKeyNotFoundException">There is none.</exception>
    /// <exception cref="NatsKVKeyDeletedException">It is a deletion.</exception>
    ValueTask<NatsKVEntry<T>> GetEntryAsync<T>(string key, ulong revision = 0, INatsDeserialize<T>? serializer = null,
        CancellationToken cancellationToken = default);

    /// <summary>What is there, and from then on every change, of all keys.</summary>
    IAsyncEnumerable<NatsKVEntry<T>> WatchAsync<T>(INatsDeserialize<T>? serializer = null, NatsKVWatchOpts? opts = null,
        CancellationToken cancellationToken = default);

    /// <summary>
    /// What is there, and from then on every change, in order and without gaps over reconnects. The key may have
    /// wildcards. Where Delta is 0, all has come that was there at the beginning.
    /// </summary>
    IAsyncEnumerable<NatsKVEntry<T>> WatchAsync<T>(string key, INatsDeserialize<T>? serializer = null,
        NatsKVWatchOpts? opts = null, CancellationToken cancellationToken = default);

    /// <summary>The revisions of a key that are kept, oldest first, deletions too.</summary>
    IAsyncEnumerable<NatsKVEntry<T>> HistoryAsync<T>(string key, INatsDeserialize<T>? serializer = null,
        CancellationToken cancellationToken = default);

    /// <summary>All keys that have a value.</summary>
    IAsyncEnumerable<string> GetKeysAsync(CancellationToken cancellationToken = default);

    /// <summary>The bucket as the server knows it.</summary>
    ValueTask<NatsKVStatus> GetStatusAsync(CancellationToken cancellationToken = default);

    /// <summary>Clears away the marks of keys that were deleted long ago.</summary>
    ValueTask PurgeDeletesAsync(NatsKVPurgeOpts? opts = null, CancellationToken cancellationToken = default);
}
