using System.Globalization;
using Grpc.Core;
using Grpc.Framing;
using Microsoft.AspNetCore.Http;

namespace Grpc.AspNetCore.Server;

/// <summary>Writes how a call ended into its headers or trailers.</summary>
internal static class ResponseStatus
{
    private static readonly string[] Codes =
        [.. Enumerable.Range(0, 17).Select(code => code.ToString(CultureInfo.InvariantCulture))];

    public static void Write(IHeaderDictionary target, Status status, Metadata? trailers)
    {
        var code = (int)status.StatusCode;
        target[HeaderNames.Status] = (uint)code < (uint)Codes.Length
            ? Codes[code]
            : code.ToString(CultureInfo.InvariantCulture);
        if (status.Detail.Length > 0)
            target[HeaderNames.Message] = PercentEncoding.Encode(status.Detail);
        if (trailers is null)
            return;
        foreach (var entry in trailers)
        {
            if (!HeaderNames.IsReserved(entry.Key))
                target.Append(entry.Key, MetadataHeaders.Encode(entry));
        }
    }
}
