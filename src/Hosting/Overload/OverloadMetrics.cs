using System.Diagnostics.Metrics;

namespace Rag.Hosting.Overload;

/// <summary>The meter "Rag.Overload": what the doors of this process do. Thread-safe.</summary>
internal sealed class OverloadMetrics : IDisposable
{
    /// <summary>Name of the meter.</summary>
    public const string MeterName = "Rag.Overload";

    private readonly Meter _meter = new(MeterName);
    private readonly Counter<long> _admitted;
    private readonly Counter<long> _shed;
    private readonly Histogram<double> _delay;
    private readonly KeyValuePair<string, object?> _door;

    /// <param name="door">Router or shard.</param>
    /// <param name="queued">How many wait.</param>
    public OverloadMetrics(string door, Func<int> queued)
    {
        _door = new KeyValuePair<string, object?>("door", door);
        _admitted = _meter.CreateCounter<long>("rag.overload.admitted", "{search}", "Searches let in.");
        _shed = _meter.CreateCounter<long>("rag.overload.shed", "{search}", "Searches refused or given up, by reason.");
        _delay = _meter.CreateHistogram<double>(
            "rag.overload.queue.delay", "s", "How long searches waited for their turn, where they had to.");
        _meter.CreateObservableGauge(
            "rag.overload.queue.length", () => new Measurement<int>(queued(), _door), "{search}", "Searches that wait.");
    }

    /// <summary>One was let in at once.</summary>
    public void Entered() => _admitted.Add(1, _door);

    /// <summary>One has waited.</summary>
    public void Left(DoorAnswer answer, TimeSpan waited)
    {
        _delay.Record(waited.TotalSeconds, _door);
        if (answer == DoorAnswer.Admitted)
            _admitted.Add(1, _door);
        else
            Refused(answer);
    }

    public void Refused(DoorAnswer answer) => _shed.Add(1, _door, new KeyValuePair<string, object?>("reason", NameOf(answer)));

    public void Dispose() => _meter.Dispose();

    private static string NameOf(DoorAnswer answer) => answer switch
    {
        DoorAnswer.Overloaded => "overloaded",
        DoorAnswer.Full => "full",
        DoorAnswer.WouldBeLate => "deadline-in-sight",
        DoorAnswer.Late => "deadline-passed",
        _ => "cancelled",
    };
}
