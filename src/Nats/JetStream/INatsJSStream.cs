using NATS.Client.Core;
using NATS.Client.JetStream.Models;

namespace NATS.Client.JetStream;

/// <summary>A stream. Thread-safe.</summary>
public interface INatsJSStream
{
    /// <summary>What the server last said of it.</summary>
    StreamInfo Info { get; }

    /// <summary>Asks the server anew; with a filter, <see cref="StreamState.Subjects"/> is filled.</summary>
    ValueTask RefreshAsync(string? subjectsFilter = null, CancellationToken cancellationToken = default);

    /// <summary>Changes it.</summary>
    ValueTask UpdateAsync(StreamConfig config, CancellationToken cancellationToken = default);

    /// <summary>Deletes it with all its messages.</summary>
    ValueTask<bool> DeleteAsync(CancellationToken cancellationToken = default);

    /// <summary>Deletes messages.</summary>
    ValueTask<StreamPurgeResponse> PurgeAsync(StreamPurgeRequest request, CancellationToken cancellationToken = default);

    /// <summary>One message from the stream's leader, so never an old state.</summary>
    /// <exception cref="NatsJSApiException">There is none (<see cref="NatsJSErrors.NoMessageFound"/>).</exception>
    ValueTask<StreamMsgGetResponse> GetAsync(StreamMsgGetRequest request, CancellationToken cancellationToken = default);

    /// <summary>One message from any replica: faster, possibly a moment behind. The stream must have AllowDirect.</summary>
    /// <exception cref="NatsJSApiException">There is none (<see cref="NatsJSErrors.NoMessageFound"/>).</exception>
    ValueTask<NatsMsg<T>> GetDirectAsync<T>(StreamMsgGetRequest request, INatsDeserialize<T>? serializer = null,
        CancellationToken cancellationToken = default);
}
