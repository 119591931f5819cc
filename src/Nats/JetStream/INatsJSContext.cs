using NATS.Client.Core;
using NATS.Client.JetStream.Models;

namespace NATS.Client.JetStream;

/// <summary>
/// JetStream: streams, publishing to them, consumers. Thread-safe. Every call may throw a
/// <see cref="NatsJSApiException"/> (refused, with an error number) or a <see cref="NatsJSApiNoResponseException"/>.
/// </summary>
public interface INatsJSContext
{
    /// <summary>The connection.</summary>
    INatsConnection Connection { get; }

    /// <summary>The options.</summary>
    NatsJSOpts Opts { get; }

    /// <summary>What the account uses.</summary>
    ValueTask<AccountInfoResponse> GetAccountInfoAsync(CancellationToken cancellationToken = default);

    /// <summary>
    /// Publishes to a stream and returns the server's answer, a refusal too: call
    /// <see cref="PubAckResponse.EnsureSuccess"/>.
    /// </summary>
    /// <exception cref="NatsJSPublishNoResponseException">No answer: it may have been stored or not.</exception>
    ValueTask<PubAckResponse> PublishAsync<T>(string subject, T? data, INatsSerialize<T>? serializer = null,
        NatsJSPubOpts? opts = null, NatsHeaders? headers = null, CancellationToken cancellationToken = default);

    /// <summary>Makes a stream; one that is there with the same configuration is returned.</summary>
    ValueTask<INatsJSStream> CreateStreamAsync(StreamConfig config, CancellationToken cancellationToken = default);

    /// <summary>Changes a stream, or makes it.</summary>
    ValueTask<INatsJSStream> CreateOrUpdateStreamAsync(StreamConfig config, CancellationToken cancellationToken = default);

    /// <summary>Changes a stream.</summary>
    ValueTask<INatsJSStream> UpdateStreamAsync(StreamConfig config, CancellationToken cancellationToken = default);

    /// <summary>Deletes a stream with all its messages.</summary>
    ValueTask<bool> DeleteStreamAsync(string stream, CancellationToken cancellationToken = default);

    /// <summary>Deletes messages of a stream.</summary>
    ValueTask<StreamPurgeResponse> PurgeStreamAsync(string stream, StreamPurgeRequest request,
        CancellationToken cancellationToken = default);

    /// <summary>Deletes one message.</summary>
    ValueTask<bool> DeleteMessageAsync(string stream, StreamMsgDeleteRequest request,
        CancellationToken cancellationToken = default);

    /// <summary>Looks a stream up.</summary>
    ValueTask<INatsJSStream> GetStreamAsync(string stream, CancellationToken cancellationToken = default);

    /// <summary>All streams, or those that take a subject.</summary>
    IAsyncEnumerable<INatsJSStream> ListStreamsAsync(string? subject = null, CancellationToken cancellationToken = default);

    /// <summary>Names of all streams, or of those that take a subject.</summary>
    IAsyncEnumerable<string> ListStreamNamesAsync(string? subject = null, CancellationToken cancellationToken = default);

    /// <summary>Makes a pull consumer, or changes what can be changed of it.</summary>
    ValueTask<INatsJSConsumer> CreateOrUpdateConsumerAsync(string stream, ConsumerConfig config,
        CancellationToken cancellationToken = default);

    /// <summary>
    /// A reader of a stream in its order, without gaps and without acknowledgements: where something is lost, or the
    /// server forgets it, it goes on behind the last message. It keeps no state of its own on the server.
    /// </summary>
    ValueTask<INatsJSConsumer> CreateOrderedConsumerAsync(string stream, NatsJSOrderedConsumerOpts? opts = null,
        CancellationToken cancellationToken = default);

    /// <summary>Looks a consumer up.</summary>
    ValueTask<INatsJSConsumer> GetConsumerAsync(string stream, string consumer, CancellationToken cancellationToken = default);

    /// <summary>Names of a stream's consumers.</summary>
    IAsyncEnumerable<string> ListConsumerNamesAsync(string stream, CancellationToken cancellationToken = default);

    /// <summary>Deletes a consumer.</summary>
    ValueTask<bool> DeleteConsumerAsync(string stream, string consumer, CancellationToken cancellationToken = default);
}
