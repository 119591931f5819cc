using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using NATS.Client.Core;
using NATS.Client.JetStream.Models;

namespace NATS.Client.JetStream;

/// <summary>Calls of JetStream's JSON API.</summary>
internal sealed class JSApi(INatsConnection connection, NatsJSOpts opts)
{
    /// <summary>Limit of pages that a list may have, against a server that never ends.</summary>
    public const int MaxPages = 10_000;

    private readonly NatsSubOpts _replyOpts = new() { Timeout = opts.RequestTimeout };

    /// <summary>Waits of a request, for publishes too.</summary>
    public NatsSubOpts ReplyOpts => _replyOpts;

    /// <summary>Asks without a body.</summary>
    public ValueTask<TResponse> AskAsync<TResponse>(string call, JsonTypeInfo<TResponse> responseType,
        CancellationToken cancellationToken)
        where TResponse : class =>
        SendAsync(call, null, responseType, cancellationToken);

    /// <summary>Asks with a body.</summary>
    public ValueTask<TResponse> AskAsync<TRequest, TResponse>(string call, TRequest request, JsonTypeInfo<TRequest> requestType,
        JsonTypeInfo<TResponse> responseType, CancellationToken cancellationToken)
        where TResponse : class =>
        SendAsync(call, JsonSerializer.SerializeToUtf8Bytes(request, requestType), responseType, cancellationToken);

    /// <summary>Subject of a call.</summary>
    public string Subject(string call) => $"{opts.ApiPrefix}.{call}";

    /// <exception cref="ArgumentException">It can be no name of a stream or consumer: it is one token of a subject.</exception>
    public static void CheckName(string? name, string parameter)
    {
        if (string.IsNullOrEmpty(name) || name.AsSpan().IndexOfAny(" \t\r\n.*>/\\") >= 0)
            throw new ArgumentException($"'{name?.ReplaceLineEndings("\\n")}' is no name: no white space, dots, wildcards or slashes.", parameter);
    }

    private async ValueTask<TResponse> SendAsync<TResponse>(
        string call, byte[]? body, JsonTypeInfo<TResponse> responseType, CancellationToken cancellationToken)
        where TResponse : class
    {
        NatsMsg<byte[]> reply;
        try
        {
            reply = await connection.RequestAsync<byte[], byte[]>(
                Subject(call), body, replyOpts: _replyOpts, cancellationToken: cancellationToken);
        }
        catch (NatsNoRespondersException e)
        {
            throw new NatsJSApiNoResponseException($"JetStream is not there: nobody answers {Subject(call)}.", e);
        }
        catch (NatsNoReplyException e)
        {
            throw new NatsJSApiNoResponseException($"JetStream did not answer {Subject(call)} in time.", e);
        }

        try
        {
            if (ErrorOf(reply.Data) is { } error)
                throw new NatsJSApiException(error);
            return JsonSerializer.Deserialize(reply.Data, responseType)
                ?? throw new NatsJSException($"The answer to {call} is null.");
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new NatsJSException($"The answer to {call} cannot be read: {e.Message}", e);
        }
    }

    /// <summary>The error of an answer, which may have any other shape.</summary>
    private static ApiError? ErrorOf(byte[]? json)
    {
        var reader = new Utf8JsonReader(json);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("error"u8))
                return JsonSerializer.Deserialize(ref reader, NatsJSJson.Default.ApiError);
            reader.Skip();
        }

        return null;
    }
}
