namespace Grpc.Framing;

/// <summary>Headers with a meaning in the protocol; they never appear in metadata.</summary>
internal static class HeaderNames
{
    public const string Status = "grpc-status";
    public const string Message = "grpc-message";
    public const string Encoding = "grpc-encoding";
    public const string AcceptEncoding = "grpc-accept-encoding";

    /// <summary>In a call's metadata: the encoding to compress this call's messages with. Never sent.</summary>
    public const string EncodingRequest = "grpc-internal-encoding-request";

    public const string ContentTypePrefix = "application/grpc";

    /// <summary>Whether a received header belongs to HTTP or the protocol rather than to the caller.</summary>
    public static bool IsReserved(string lowerCaseName) => lowerCaseName switch
    {
        "" or "te" or "host" or "content-type" or "content-length" or "transfer-encoding" or "accept-encoding" => true,
        Status or Message or Encoding or AcceptEncoding or TimeoutHeader.Name => true,
        _ => lowerCaseName[0] == ':',
    };

    /// <summary>application/grpc, with a subtype (+proto) or parameters (; charset=…) or none.</summary>
    public static bool IsGrpcContentType(string? contentType) =>
        contentType is not null
        && contentType.StartsWith(ContentTypePrefix, StringComparison.OrdinalIgnoreCase)
        && (contentType.Length == ContentTypePrefix.Length
            || contentType[ContentTypePrefix.Length] is '+' or ';' or ' ');
}
