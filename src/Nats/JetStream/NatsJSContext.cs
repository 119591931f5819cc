using System.Runtime.CompilerServices;
using NATS.Client.Core;
using NATS.Client.JetStream.Models;

namespace NATS.Client.JetStream;

/// <inheritdoc cref="INatsJSContext"/>
public sealed class NatsJSContext : INatsJSContext
{
    private static readonly INatsDeserialize<PubAckResponse> AckReader =
        new NatsJsonContextSerializer<PubAckResponse>(NatsJSJson.Default.PubAckResponse);

    private readonly JSApi _api;

    /// <summary>JetStream over a connection, with the defaults.</summary>
    public NatsJSContext(INatsConnection connection)
        : this(connection, new NatsJSOpts())
    {
    }

    /// <summary>JetStream over a connection.</summary>
    public NatsJSContext(INatsConnection connection, NatsJSOpts opts)
    {
        Connection = connection;
        Opts = opts;
        _api = new JSApi(connection, opts);
    }

    /// <inheritdoc/>
    public INatsConnection Connection { get; }

    /// <inheritdoc/>
    public NatsJSOpts Opts { get; }

    /// <inheritdoc/>
    public ValueTask<AccountInfoResponse> GetAccountInfoAsync(CancellationToken cancellationToken = default) =>
        _api.AskAsync("INFO", NatsJSJson.Default.AccountInfoResponse, cancellationToken);

    /// <inheritdoc/>
    public async ValueTask<PubAckResponse> PublishAsync<T>(string subject, T? data, INatsSerialize<T>? serializer = null,
        NatsJSPubOpts? opts = null, NatsHeaders? headers = null, CancellationToken cancellationToken = default)
    {
        opts ??= NatsJSPubOpts.Default;
        headers = WithExpectations(headers, opts);
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                var reply = await Connection.RequestAsync(subject, data, headers, serializer, AckReader,
                    replyOpts: _api.ReplyOpts, cancellationToken: cancellationToken);
                reply.EnsureSuccess();
                return reply.Data ?? throw new NatsJSException($"The answer to a publish to {subject} is empty: is it a stream's subject?");
            }
            catch (NatsNoRespondersException e)
            {
                // Nobody took it, so it is safe to try again: an election may be under way.
                if (attempt >= opts.RetryAttempts)
                    throw new NatsJSPublishNoResponseException($"No stream takes {subject}.", e);
                await Task.Delay(opts.RetryWaitBetweenAttempts, cancellationToken);
            }
            catch (NatsNoReplyException e)
            {
                throw new NatsJSPublishNoResponseException($"A publish to {subject} was not confirmed in time.", e);
            }
        }
    }

    /// <inheritdoc/>
    public async ValueTask<INatsJSStream> CreateStreamAsync(StreamConfig config, CancellationToken cancellationToken = default)
    {
        JSApi.CheckName(config.Name, nameof(config));
        return Stream(await _api.AskAsync($"STREAM.CREATE.{config.Name}", config, NatsJSJson.Default.StreamConfig,
            NatsJSJson.Default.StreamInfo, cancellationToken));
    }

    /// <inheritdoc/>
    public async ValueTask<INatsJSStream> CreateOrUpdateStreamAsync(StreamConfig config,
        CancellationToken cancellationToken = default)
    {
        try
        {
            return await UpdateStreamAsync(config, cancellationToken);
        }
        catch (NatsJSApiException e) when (e.Error.ErrCode == NatsJSErrors.StreamNotFound)
        {
            return await CreateStreamAsync(config, cancellationToken);
        }
    }

    /// <inheritdoc/>
    public async ValueTask<INatsJSStream> UpdateStreamAsync(StreamConfig config, CancellationToken cancellationToken = default)
    {
        JSApi.CheckName(config.Name, nameof(config));
        return Stream(await _api.AskAsync($"STREAM.UPDATE.{config.Name}", config, NatsJSJson.Default.StreamConfig,
            NatsJSJson.Default.StreamInfo, cancellationToken));
    }

    /// <inheritdoc/>
    public async ValueTask<bool> DeleteStreamAsync(string stream, CancellationToken cancellationToken = default)
    {
        JSApi.CheckName(stream, nameof(stream));
        return (await _api.AskAsync($"STREAM.DELETE.{stream}", NatsJSJson.Default.SuccessResponse, cancellationToken)).Success;
    }

    /// <inheritdoc/>
    public async ValueTask<StreamPurgeResponse> PurgeStreamAsync(
        string stream, StreamPurgeRequest request, CancellationToken cancellationToken = default)
    {
        JSApi.CheckName(stream, nameof(stream));
        return await _api.AskAsync($"STREAM.PURGE.{stream}", request, NatsJSJson.Default.StreamPurgeRequest,
            NatsJSJson.Default.StreamPurgeResponse, cancellationToken);
    }

    /// <inheritdoc/>
    public async ValueTask<bool> DeleteMessageAsync(string stream, StreamMsgDeleteRequest request,
        CancellationToken cancellationToken = default)
    {
        JSApi.CheckName(stream, nameof(stream));
        return (await _api.AskAsync($"STREAM.MSG.DELETE.{stream}", request, NatsJSJson.Default.StreamMsgDeleteRequest,
            NatsJSJson.Default.SuccessResponse, cancellationToken)).Success;
    }

    /// <inheritdoc/>
    public async ValueTask<INatsJSStream> GetStreamAsync(string stream, CancellationToken cancellationToken = default)
    {
        JSApi.CheckName(stream, nameof(stream));
        return Stream(await _api.AskAsync($"STREAM.INFO.{stream}", NatsJSJson.Default.StreamInfo, cancellationToken));
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<INatsJSStream> ListStreamsAsync(
        string? subject = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        for (int page = 0, offset = 0; page < JSApi.MaxPages; page++)
        {
            var response = await _api.AskAsync("STREAM.LIST", new PageRequest { Offset = offset, Subject = subject },
                NatsJSJson.Default.PageRequest, NatsJSJson.Default.StreamListResponse, cancellationToken);
            foreach (var info in response.Streams ?? [])
                yield return Stream(info);
            offset += response.Streams?.Count ?? 0;
            if (response.Streams is not { Count: > 0 } || offset >= response.Total)
                yield break;
        }
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<string> ListStreamNamesAsync(
        string? subject = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        for (int page = 0, offset = 0; page < JSApi.MaxPages; page++)
        {
            var response = await _api.AskAsync("STREAM.NAMES", new PageRequest { Offset = offset, Subject = subject },
                NatsJSJson.Default.PageRequest, NatsJSJson.Default.StreamNamesResponse, cancellationToken);
            foreach (var name in response.Streams ?? [])
                yield return name;
            offset += response.Streams?.Count ?? 0;
            if (response.Streams is not { Count: > 0 } || offset >= response.Total)
                yield break;
        }
    }

    /// <inheritdoc/>
    public async ValueTask<INatsJSConsumer> CreateOrUpdateConsumerAsync(
        string stream, ConsumerConfig config, CancellationToken cancellationToken = default) =>
        new NatsJSConsumer(Connection, _api, await CreateConsumerAsync(stream, config, cancellationToken));

    /// <inheritdoc/>
    public async ValueTask<INatsJSConsumer> CreateOrderedConsumerAsync(
        string stream, NatsJSOrderedConsumerOpts? opts = null, CancellationToken cancellationToken = default)
    {
        var consumer = new NatsJSOrderedConsumer(this, _api, stream, opts ?? new NatsJSOrderedConsumerOpts());
        await consumer.BeginAsync(cancellationToken);
        return consumer;
    }

    /// <inheritdoc/>
    public async ValueTask<INatsJSConsumer> GetConsumerAsync(string stream, string consumer,
        CancellationToken cancellationToken = default)
    {
        JSApi.CheckName(stream, nameof(stream));
        JSApi.CheckName(consumer, nameof(consumer));
        var info = await _api.AskAsync($"CONSUMER.INFO.{stream}.{consumer}", NatsJSJson.Default.ConsumerInfo, cancellationToken);
        return new NatsJSConsumer(Connection, _api, info);
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<string> ListConsumerNamesAsync(
        string stream, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        JSApi.CheckName(stream, nameof(stream));
        for (int page = 0, offset = 0; page < JSApi.MaxPages; page++)
        {
            var response = await _api.AskAsync($"CONSUMER.NAMES.{stream}", new PageRequest { Offset = offset },
                NatsJSJson.Default.PageRequest, NatsJSJson.Default.ConsumerNamesResponse, cancellationToken);
            foreach (var name in response.Consumers ?? [])
                yield return name;
            offset += response.Consumers?.Count ?? 0;
            if (response.Consumers is not { Count: > 0 } || offset >= response.Total)
                yield break;
        }
    }

    /// <inheritdoc/>
    public async ValueTask<bool> DeleteConsumerAsync(string stream, string consumer,
        CancellationToken cancellationToken = default)
    {
        JSApi.CheckName(stream, nameof(stream));
        JSApi.CheckName(consumer, nameof(consumer));
        return (await _api.AskAsync($"CONSUMER.DELETE.{stream}.{consumer}", NatsJSJson.Default.SuccessResponse,
            cancellationToken)).Success;
    }

    /// <summary>A consumer's name is made here where it has none: a lost answer then leaves no second one behind.</summary>
    internal ValueTask<ConsumerInfo> CreateConsumerAsync(string stream, ConsumerConfig config,
        CancellationToken cancellationToken)
    {
        JSApi.CheckName(stream, nameof(stream));
        var name = config.Name ?? config.DurableName ?? Guid.NewGuid().ToString("N");
        JSApi.CheckName(name, nameof(config));
        var request = new ConsumerCreateRequest { StreamName = stream, Config = config with { Name = name } };
        return _api.AskAsync($"CONSUMER.CREATE.{stream}.{name}", request, NatsJSJson.Default.ConsumerCreateRequest,
            NatsJSJson.Default.ConsumerInfo, cancellationToken);
    }

    private static NatsHeaders? WithExpectations(NatsHeaders? headers, NatsJSPubOpts opts)
    {
        if ((opts.MsgId ?? opts.ExpectedStream ?? opts.ExpectedLastMsgId) is null
            && opts is { ExpectedLastSequence: null, ExpectedLastSubjectSequence: null })
            return headers;
        // The caller's headers stay as they are.
        var all = headers is null ? new NatsHeaders() : new NatsHeaders(headers);
        if (opts.MsgId is not null)
            all["Nats-Msg-Id"] = opts.MsgId;
        if (opts.ExpectedStream is not null)
            all["Nats-Expected-Stream"] = opts.ExpectedStream;
        if (opts.ExpectedLastMsgId is not null)
            all["Nats-Expected-Last-Msg-Id"] = opts.ExpectedLastMsgId;
        if (opts.ExpectedLastSequence is { } last)
            all["Nats-Expected-Last-Sequence"] = last.ToString(System.Globalization.CultureInfo.InvariantCulture);
        if (opts.ExpectedLastSubjectSequence is { } lastOfSubject)
            all["Nats-Expected-Last-Subject-Sequence"] = lastOfSubject.ToString(System.Globalization.CultureInfo.InvariantCulture);
        return all;
    }

    private NatsJSStream Stream(StreamInfo info) => new(this, _api, info);
}
