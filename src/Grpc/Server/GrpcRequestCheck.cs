using Grpc.Core;
using Grpc.Framing;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Grpc.AspNetCore.Server;

/// <summary>Refuses requests that are no gRPC, in HTTP's own words.</summary>
internal static class GrpcRequestCheck
{
    /// <summary>True where the request was answered with a refusal.</summary>
    public static bool TryRefuse(HttpContext http, ILogger log)
    {
        if (!HeaderNames.IsGrpcContentType(http.Request.ContentType))
            return Refuse(http, log, StatusCodes.Status415UnsupportedMediaType, "The content type is no gRPC.");
        if (!HttpProtocol.IsHttp2(http.Request.Protocol) && !HttpProtocol.IsHttp3(http.Request.Protocol))
            return Refuse(http, log, StatusCodes.Status426UpgradeRequired, "gRPC needs HTTP/2.");
        return false;
    }

    private static bool Refuse(HttpContext http, ILogger log, int httpStatus, string reason)
    {
        GrpcServerLog.RequestRefused(log, http.Request.Path, reason);
        http.Response.StatusCode = httpStatus;
        if (httpStatus == StatusCodes.Status426UpgradeRequired)
            http.Response.Headers.Upgrade = "h2c";
        ResponseStatus.Write(http.Response.Headers, new Status(StatusCode.Internal, reason), null);
        return true;
    }
}
