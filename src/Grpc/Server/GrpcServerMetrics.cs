using System.Diagnostics;
using System.Diagnostics.Metrics;
using Grpc.Core;

namespace Grpc.AspNetCore.Server;

/// <summary>
/// The server's instruments, after OpenTelemetry's names for RPC: duration of calls in seconds, calls under way, and
/// messages received and sent. Costs a few nanoseconds while nobody listens. Thread-safe.
/// </summary>
internal sealed class GrpcServerMetrics : IDisposable
{
    public const string MeterName = "Grpc.AspNetCore.Server";

    private readonly Meter _meter;
    private readonly Histogram<double> _duration;
    private readonly UpDownCounter<long> _active;
    private readonly Counter<long> _received;
    private readonly Counter<long> _sent;

    public GrpcServerMetrics(IMeterFactory? factory = null)
    {
        _meter = factory?.Create(MeterName) ?? new Meter(MeterName);
        _duration = _meter.CreateHistogram<double>("rpc.server.call.duration", "s", "Duration of calls.");
        _active = _meter.CreateUpDownCounter<long>("rpc.server.active_calls", "{call}", "Calls under way.");
        _received = _meter.CreateCounter<long>("rpc.server.messages.received", "{message}", "Request messages.");
        _sent = _meter.CreateCounter<long>("rpc.server.messages.sent", "{message}", "Response messages.");
    }

    public void CallStarted(IMethod method)
    {
        if (_active.Enabled)
            _active.Add(1, Service(method), Name(method));
    }

    public void CallEnded(IMethod method, StatusCode code, TimeSpan duration, long received, long sent)
    {
        var (service, name) = (Service(method), Name(method));
        if (_active.Enabled)
            _active.Add(-1, service, name);
        if (_duration.Enabled)
            _duration.Record(duration.TotalSeconds, service, name, new("rpc.grpc.status_code", (int)code));
        if (_received.Enabled)
            _received.Add(received, service, name);
        if (_sent.Enabled)
            _sent.Add(sent, service, name);
    }

    public void Dispose() => _meter.Dispose();

    private static KeyValuePair<string, object?> Service(IMethod method) => new("rpc.service", method.ServiceName);

    private static KeyValuePair<string, object?> Name(IMethod method) => new("rpc.method", method.Name);
}
