using System.Diagnostics;
using Grpc.Core;

namespace Grpc.AspNetCore.Server;

/// <summary>Describes calls on activities, after OpenTelemetry's names for RPC.</summary>
internal static class ServerActivity
{
    public static readonly ActivitySource Source = new("Grpc.AspNetCore.Server");

    public static void Describe(Activity activity, IMethod method)
    {
        activity.DisplayName = method.FullName[1..];
        activity.SetTag("rpc.system", "grpc");
        activity.SetTag("rpc.service", method.ServiceName);
        activity.SetTag("rpc.method", method.Name);
    }

    public static void End(Activity activity, StatusCode code)
    {
        activity.SetTag("rpc.grpc.status_code", (int)code);
        // Which codes are the server's fault rather than the caller's is OpenTelemetry's list.
        if (code is StatusCode.Unknown or StatusCode.DeadlineExceeded or StatusCode.Unimplemented
            or StatusCode.Internal or StatusCode.Unavailable or StatusCode.DataLoss)
            activity.SetStatus(ActivityStatusCode.Error);
    }
}
