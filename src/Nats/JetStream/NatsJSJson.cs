using System.Text.Json.Serialization;
using NATS.Client.JetStream.Models;

namespace NATS.Client.JetStream;

// Defaults are left out, so that the server's own count; enumerations say themselves that they are always written.
[JsonSourceGenerationOptions(
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault,
    Converters =
    [
        typeof(NanosecondsConverter),
        typeof(JsonStringEnumConverter<StreamConfigRetention>),
        typeof(JsonStringEnumConverter<StreamConfigStorage>),
        typeof(JsonStringEnumConverter<StreamConfigDiscard>),
        typeof(JsonStringEnumConverter<ConsumerConfigDeliverPolicy>),
        typeof(JsonStringEnumConverter<ConsumerConfigAckPolicy>),
        typeof(JsonStringEnumConverter<ConsumerConfigReplayPolicy>),
    ])]
[JsonSerializable(typeof(AccountInfoResponse))]
[JsonSerializable(typeof(ApiError))]
[JsonSerializable(typeof(StreamConfig))]
[JsonSerializable(typeof(StreamInfo))]
[JsonSerializable(typeof(ConsumerInfo))]
[JsonSerializable(typeof(PubAckResponse))]
[JsonSerializable(typeof(StreamPurgeRequest))]
[JsonSerializable(typeof(StreamPurgeResponse))]
[JsonSerializable(typeof(StreamMsgGetRequest))]
[JsonSerializable(typeof(StreamMsgGetResponse))]
[JsonSerializable(typeof(StreamMsgDeleteRequest))]
[JsonSerializable(typeof(SuccessResponse))]
[JsonSerializable(typeof(PageRequest))]
[JsonSerializable(typeof(StreamNamesResponse))]
[JsonSerializable(typeof(StreamListResponse))]
[JsonSerializable(typeof(ConsumerNamesResponse))]
[JsonSerializable(typeof(StreamInfoRequest))]
[JsonSerializable(typeof(ConsumerCreateRequest))]
[JsonSerializable(typeof(PullRequest))]
internal sealed partial class NatsJSJson : JsonSerializerContext;
