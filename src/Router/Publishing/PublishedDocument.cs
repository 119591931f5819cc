using System.Security.Cryptography;
using System.Text;
using Grpc.Core;
using NATS.Client.Core;
using Rag.Router.Errors;
using Rag.V1;

namespace Rag.Router.Publishing;

/// <summary>
/// A message on its way to a call of IngestService.SubmitFile: who calls and for what stands in its subject and headers,
/// which docs/ingestion.md lists, and the payload is the file.
/// </summary>
internal sealed record PublishedDocument
{
    public const string DocumentIdHeader = "Rag-Document-Id";
    public const string FileNameHeader = "Rag-File-Name";
    public const string PriorityHeader = "Rag-Priority";
    public const string ForceHeader = "Rag-Force";
    public const string MetadataHeader = "Rag-Metadata";
    public const string RequestIdHeader = "Rag-Request-Id";
    public const string ReplyHeader = "Rag-Reply";
    public const string ContentTypeHeader = "Content-Type";
    public const string AuthorizationHeader = "Authorization";
    public const string MessageIdHeader = "Nats-Msg-Id";

    /// <summary>What a call over gRPC has in its metadata; nothing else is handed through.</summary>
    private static readonly string[] CallHeaders = [AuthorizationHeader, "Traceparent", "Tracestate"];

    public required SubmitFileRequest Header { get; init; }

    /// <summary>Metadata of the call.</summary>
    public required Grpc.Core.Metadata Call { get; init; }

    /// <summary>
    /// The same for every delivery of one message, and for every message with one id, so that one job comes of them.
    /// </summary>
    /// <param name="position">Where the message lies, for one without any id.</param>
    public static string RequestIdOf(NatsHeaders? headers, string position)
    {
        if (Value(headers, RequestIdHeader) is { Length: > 0 } given)
            return given;
        var id = Value(headers, MessageIdHeader);
        if (Guid.TryParseExact(id, "D", out var uuid) && uuid != Guid.Empty)
            return uuid.ToString("D");
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes(id.Length > 0 ? id : position), hash);
        // Version 8 of RFC 9562: made from something else.
        hash[6] = (byte)((hash[6] & 0x0F) | 0x80);
        hash[8] = (byte)((hash[8] & 0x3F) | 0x80);
        return new Guid(hash[..16], bigEndian: true).ToString("D");
    }

    /// <summary>The workspace that a subject names: its last token, percent-encoded where that is needed.</summary>
    public static string WorkspaceOf(string subject) =>
        Uri.UnescapeDataString(subject[(subject.LastIndexOf('.') + 1)..]);

    /// <summary>The first value of a header, or ''.</summary>
    public static string Value(NatsHeaders? headers, string name) => headers?[name].FirstOrDefault() ?? "";

    /// <exception cref="RefusedException">A header cannot be read.</exception>
    public static PublishedDocument Read(string subject, NatsHeaders? headers, string requestId)
    {
        var source = new DocumentSource
        {
            Workspace = WorkspaceOf(subject),
            DocumentId = Value(headers, DocumentIdHeader),
            FileName = Value(headers, FileNameHeader),
            MediaType = Value(headers, ContentTypeHeader),
            Force = Value(headers, ForceHeader).ToLowerInvariant() switch
            {
                "" or "false" => false,
                "true" => true,
                _ => throw Refuse.Invalid(ForceHeader, "It is true or false."),
            },
            Priority = Value(headers, PriorityHeader).ToLowerInvariant() switch
            {
                "" or "normal" => JobPriority.Normal,
                "high" => JobPriority.High,
                "bulk" => JobPriority.Bulk,
                _ => throw Refuse.Invalid(PriorityHeader, "It is high, normal or bulk."),
            },
        };
        if (Value(headers, MetadataHeader) is { Length: > 0 } metadata)
            PublishedMetadata.Read(metadata, source.Metadata);
        // What comes this way is said, so that the gate and the audit can tell it from calls over gRPC.
        var call = new Grpc.Core.Metadata { { "rag-via", "nats" } };
        foreach (var name in CallHeaders)
        {
            if (Value(headers, name) is not { Length: > 0 } value)
                continue;
            if (!Ascii.IsValid(value))
                throw Refuse.Invalid(name, "It holds characters beyond ASCII.");
            call.Add(name.ToLowerInvariant(), value);
        }

        return new PublishedDocument
        {
            Header = new SubmitFileRequest { Source = source, RequestId = requestId },
            Call = call,
        };
    }
}
