using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using Grpc.Core;
using Grpc.Framing;

namespace Grpc.Net.Client;

/// <summary>Reads how a call ended from a response's headers and trailers.</summary>
internal static class ResponseStatusReader
{
    /// <summary>The status of a response that has one in its headers, or never can have one; otherwise null.</summary>
    public static Status? FromHeaders(HttpResponseMessage response)
    {
        if (TryRead(response.Headers, out var status))
            return status;
        if (response.StatusCode != HttpStatusCode.OK)
        {
            return new Status(HttpStatusMapping.FromHttpStatus(response.StatusCode),
                $"The server answered with HTTP status {(int)response.StatusCode} instead of gRPC.");
        }

        var contentType = response.Content.Headers.ContentType?.ToString();
        return HeaderNames.IsGrpcContentType(contentType)
            ? null
            : new Status(StatusCode.Unknown, $"The server answered with content type '{contentType}' instead of gRPC.");
    }

    /// <summary>The status of a response that was read to its end.</summary>
    public static Status FromTrailers(HttpResponseMessage response) => TryRead(response.TrailingHeaders, out var status)
        ? status
        : new Status(StatusCode.Unknown, "The response ended without a grpc-status.");

    public static Metadata ReadMetadata(HttpHeaders headers)
    {
        var metadata = new Metadata();
        foreach (var (name, values) in headers.NonValidated)
        {
            foreach (var value in values)
                MetadataHeaders.Add(metadata, name, value);
        }

        return metadata.Freeze();
    }

    private static bool TryRead(HttpHeaders headers, out Status status)
    {
        status = default;
        if (!headers.NonValidated.TryGetValues(HeaderNames.Status, out var values))
            return false;
        var detail = headers.NonValidated.TryGetValues(HeaderNames.Message, out var messages)
            ? PercentEncoding.Decode(messages.ToString())
            : "";
        // A code that is no number, or none of ours, is UNKNOWN by the protocol.
        var code = int.TryParse(values.ToString(), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            && number is >= 0 and <= 16
                ? (StatusCode)number
                : StatusCode.Unknown;
        status = new Status(code, detail);
        return true;
    }
}
