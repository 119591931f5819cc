using NATS.Client.Core;
using NATS.Client.JetStream.Models;

namespace NATS.Client.JetStream;

/// <inheritdoc cref="INatsJSStream"/>
internal sealed class NatsJSStream(NatsJSContext context, JSApi api, StreamInfo info) : INatsJSStream
{
    private volatile StreamInfo _info = info;

    public StreamInfo Info => _info;

    private string Name => _info.Config.Name!;

    public async ValueTask RefreshAsync(string? subjectsFilter = null, CancellationToken cancellationToken = default) =>
        _info = await api.AskAsync($"STREAM.INFO.{Name}", new StreamInfoRequest { SubjectsFilter = subjectsFilter },
            NatsJSJson.Default.StreamInfoRequest, NatsJSJson.Default.StreamInfo, cancellationToken);

    public async ValueTask UpdateAsync(StreamConfig config, CancellationToken cancellationToken = default) =>
        _info = (await context.UpdateStreamAsync(config with { Name = Name }, cancellationToken)).Info;

    public ValueTask<bool> DeleteAsync(CancellationToken cancellationToken = default) => context.DeleteStreamAsync(Name,
        cancellationToken);

    public ValueTask<StreamPurgeResponse> PurgeAsync(StreamPurgeRequest request, CancellationToken cancellationToken = default) =>
        context.PurgeStreamAsync(Name, request, cancellationToken);

    public ValueTask<StreamMsgGetResponse> GetAsync(StreamMsgGetRequest request, CancellationToken cancellationToken = default) =>
        api.AskAsync($"STREAM.MSG.GET.{Name}", request, NatsJSJson.Default.StreamMsgGetRequest,
            NatsJSJson.Default.StreamMsgGetResponse, cancellationToken);

    public async ValueTask<NatsMsg<T>> GetDirectAsync<T>(
        StreamMsgGetRequest request, INatsDeserialize<T>? serializer = null, CancellationToken cancellationToken = default)
    {
        NatsMsg<T> message;
        try
        {
            message = await context.Connection.RequestAsync(
                api.Subject($"DIRECT.GET.{Name}"), request,
                requestSerializer: new NatsJsonContextSerializer<StreamMsgGetRequest>(NatsJSJson.Default.StreamMsgGetRequest),
                replySerializer: serializer, replyOpts: api.ReplyOpts, cancellationToken: cancellationToken);
        }
        catch (NatsNoRespondersException e)
        {
            throw new NatsJSApiNoResponseException($"Nobody answers direct reads of {Name}: it is not there, or without AllowDirect.", e);
        }
        catch (NatsNoReplyException e)
        {
            throw new NatsJSApiNoResponseException($"A direct read of {Name} was not answered in time.", e);
        }

        return message.Headers switch
        {
            { Code: 404 } => throw new NatsJSApiException(
                new ApiError { Code = 404, ErrCode = NatsJSErrors.NoMessageFound, Description = "no message found" }),
            { Code: > 0 } headers => throw new NatsJSApiException(
                new ApiError { Code = headers.Code, Description = headers.MessageText }),
            null => throw new NatsJSException($"A direct read of {Name} was answered without headers."),
            _ => message,
        };
    }
}
