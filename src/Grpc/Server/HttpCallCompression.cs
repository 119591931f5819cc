using Grpc.Core;
using Grpc.Framing;
using Microsoft.AspNetCore.Http;

namespace Grpc.AspNetCore.Server;

/// <summary>
/// How the messages of a call over HTTP are compressed: as the client's headers say, and as it accepts.
/// </summary>
internal sealed class HttpCallCompression(HttpContext http, MethodSettings settings)
{
    /// <summary>How requests are unpacked; null where they come as they are.</summary>
    public MessageDecompressor? OfRequests { get; private set; }

    /// <summary>How responses are packed; null for not at all.</summary>
    public OutgoingCompression? OfResponses { get; private set; }

    /// <summary>Reads the request's headers.</summary>
    /// <exception cref="RpcException">The requests come in an encoding that is not known (UNIMPLEMENTED).</exception>
    public void Begin()
    {
        if (http.Request.Headers.TryGetValue(HeaderNames.Encoding, out var encoding))
        {
            if (!settings.Compressions.TryGetDecompressor(encoding, out var decompressor))
            {
                http.Response.Headers[HeaderNames.AcceptEncoding] = settings.Compressions.AcceptEncoding;
                throw new RpcException(new Status(
                    StatusCode.Unimplemented, $"The encoding '{encoding}' is not known; see grpc-accept-encoding."));
            }

            OfRequests = decompressor;
        }

        if (settings.ResponseCompression is { } compression && IsAccepted(compression))
            Use(compression);
    }

    /// <summary>Takes a handler's wish; one that the client does not accept leaves the responses as they are.</summary>
    public void ChooseForResponses(string encoding)
    {
        OfResponses = null;
        http.Response.Headers.Remove(HeaderNames.Encoding);
        if (settings.FindCompression(encoding) is { } compression && IsAccepted(compression))
            Use(compression);
    }

    private bool IsAccepted(OutgoingCompression compression)
    {
        var accepted = http.Request.Headers[HeaderNames.AcceptEncoding].ToString().AsSpan();
        foreach (var part in accepted.Split(','))
        {
            if (accepted[part].Trim().Equals(compression.Provider.EncodingName, StringComparison.OrdinalIgnoreCase))
                return true;
        }

        return false;
    }

    private void Use(OutgoingCompression compression)
    {
        OfResponses = compression;
        http.Response.Headers[HeaderNames.Encoding] = compression.Provider.EncodingName;
    }
}
