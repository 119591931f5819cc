using System.Text;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Google.Rpc;
using Grpc.Core;
using NATS.Client.Core;
using NATS.Client.JetStream;
using NATS.Client.JetStream.Models;
using Rag.Hosting.Messaging;
using Rag.V1;
using Status = Google.Rpc.Status;

namespace Rag.Router.Publishing;

/// <summary>
/// Answers publishers, and keeps a record of what was refused for good. Answers are JSON, as proto3 maps it:
/// rag.v1.SubmitFileResponse, or google.rpc.Status. Thread-safe.
/// </summary>
internal sealed class PublishingAnswers(INatsConnection connection, NatsOptions nats, PublishingOptions options)
{
    private const string StatusHeader = "Rag-Status";
    private const string SubjectHeader = "Rag-Subject";
    private const string DetailsTrailer = "grpc-status-details-bin";

    private static readonly JsonFormatter Formatter = new(JsonFormatter.Settings.Default.WithTypeRegistry(
        TypeRegistry.FromMessages(BadRequest.Descriptor, RetryInfo.Descriptor)));

    private readonly DurableQueue _record = new(
        connection,
        new StreamConfig(nats.Stream("ingest-dead"), [nats.Subject("ingest-dead.*")])
        {
            MaxAge = options.DeadLetterAge,
            MaxBytes = options.DeadLetterBytes,
            NumReplicas = nats.Replicas,
        });

    private volatile bool _isEnsured;

    /// <summary>Says which job it became.</summary>
    public ValueTask AnswerAsync(NatsHeaders? request, string requestId, SubmitFileResponse response) =>
        SendAsync(request, requestId, StatusCode.OK, Formatter.Format(response));

    /// <summary>Says why it was refused, on the reply subject and on record.</summary>
    /// <exception cref="NatsException">It is not on record.</exception>
    public async ValueTask RefuseAsync(
        string subject, NatsHeaders? request, string requestId, RpcException error, CancellationToken cancellationToken)
    {
        var json = Formatter.Format(StatusOf(error));
        await SendAsync(request, requestId, error.StatusCode, json);
        if (!_isEnsured)
            await _record.EnsureAsync(cancellationToken);
        _isEnsured = true;
        var headers = HeadersOf(requestId, error.StatusCode);
        headers[SubjectHeader] = subject;
        foreach (var name in new[]
        {
            PublishedDocument.DocumentIdHeader, PublishedDocument.FileNameHeader, PublishedDocument.ContentTypeHeader,
            PublishedDocument.PriorityHeader,
        })
        {
            if (PublishedDocument.Value(request, name) is { Length: > 0 } value)
                headers[name] = value;
        }

        try
        {
            var token = subject[(subject.LastIndexOf('.') + 1)..];
            var ack = await _record.JetStream.PublishAsync(
                nats.Subject($"ingest-dead.{token}"), Encoding.UTF8.GetBytes(json),
                opts: new() { MsgId = requestId }, headers: headers, cancellationToken: cancellationToken);
            if (ack.Error is not null)
                ack.EnsureSuccess();
        }
        catch (NatsException)
        {
            _isEnsured = false;
            throw;
        }
    }

    /// <summary>
    /// Where answers may go: inboxes, and subjects made for it. Anything else a caller could use to write where only the
    /// router may.
    /// </summary>
    internal bool IsReply(string subject) =>
        (subject.StartsWith("_INBOX.", StringComparison.Ordinal)
            || subject.StartsWith(nats.Subject("ingest-reply."), StringComparison.Ordinal))
        && subject.Length <= 512 && !subject.AsSpan().ContainsAny(" \t\r\n*>")
        && !subject.Contains("..", StringComparison.Ordinal) && !subject.EndsWith('.');

    private async ValueTask SendAsync(NatsHeaders? request, string requestId, StatusCode code, string json)
    {
        var reply = PublishedDocument.Value(request, PublishedDocument.ReplyHeader);
        if (!IsReply(reply))
            return;
        try
        {
            await connection.PublishAsync(reply, Encoding.UTF8.GetBytes(json), HeadersOf(requestId, code));
        }
        catch (NatsException)
        {
            // As any answer that gets lost: who asks again with the same id gets the same job.
        }
    }

    private static NatsHeaders HeadersOf(string requestId, StatusCode code) => new()
    {
        [StatusHeader] = ((int)code).ToString(System.Globalization.CultureInfo.InvariantCulture),
        // A request id that was refused may hold anything.
        [PublishedDocument.RequestIdHeader] = Guid.TryParseExact(requestId, "D", out _) ? requestId : "invalid",
    };

    private static Status StatusOf(RpcException error) =>
        error.Trailers.GetValueBytes(DetailsTrailer) is { } details
            ? Status.Parser.ParseFrom(details)
            : new Status { Code = (int)error.StatusCode, Message = error.Status.Detail };
}
