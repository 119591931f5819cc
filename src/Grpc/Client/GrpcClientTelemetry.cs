using System.Diagnostics;
using System.Diagnostics.Metrics;
using Grpc.Core;

namespace Grpc.Net.Client;

/// <summary>
/// The client's activities and its instrument, after OpenTelemetry's names for RPC; source and meter are both called
/// <c>Grpc.Net.Client</c>. Thread-safe.
/// </summary>
internal static class GrpcClientTelemetry
{
    public const string Name = "Grpc.Net.Client";

    private static readonly ActivitySource Source = new(Name);
    private static readonly Meter Meter = new(Name);
    private static readonly Histogram<double> Duration =
        Meter.CreateHistogram<double>("rpc.client.call.duration", "s", "Duration of calls.");

    /// <summary>Starts a call's activity without making it the caller's current one.</summary>
    public static Activity? StartDetached(IMethod method)
    {
        if (!Source.HasListeners())
            return null;
        var current = Activity.Current;
        var activity = Start(method);
        Activity.Current = current;
        return activity;
    }

    public static Activity? Start(IMethod method)
    {
        var activity = Source.StartActivity(method.FullName[1..], ActivityKind.Client);
        activity?.SetTag("rpc.system", "grpc")
            .SetTag("rpc.service", method.ServiceName)
            .SetTag("rpc.method", method.Name);
        return activity;
    }

    public static void End(Activity? activity, IMethod method, StatusCode code, long startedAt)
    {
        if (activity is not null)
        {
            activity.SetTag("rpc.grpc.status_code", (int)code);
            if (code != StatusCode.OK)
                activity.SetStatus(ActivityStatusCode.Error);
            activity.Stop();
        }

        if (Duration.Enabled)
        {
            Duration.Record(Stopwatch.GetElapsedTime(startedAt).TotalSeconds,
                new("rpc.service", method.ServiceName), new("rpc.method", method.Name),
                new("rpc.grpc.status_code", (int)code));
        }
    }
}
