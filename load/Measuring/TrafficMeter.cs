using System.Diagnostics;
using Grpc.Core;
using Rag.Cli.Bench;
using Rag.Load.Driving;

namespace Rag.Load.Measuring;

/// <summary>What became of one kind of traffic in one step. Thread-safe.</summary>
internal sealed class TrafficMeter(long began, double seconds)
{
    private const int MaxSamples = 200;
    private const int MaxErrorKinds = 32;

    private readonly Lock _lock = new();
    private readonly LatencyHistogram _latencies = new();
    private readonly int[] _answered = new int[(int)Math.Ceiling(seconds) + 1];
    private readonly int[] _failed = new int[(int)Math.Ceiling(seconds) + 1];
    private readonly Dictionary<string, ErrorKind> _errors = [];
    private readonly List<(Operation Operation, string[] Found)> _samples = [];
    private double _offered;
    private long _answeredInTime;
    private int _untilSample;

    /// <summary>When the step began, on the clock of <see cref="Stopwatch"/>.</summary>
    public long Began => began;

    public double Seconds => seconds;

    /// <summary>Answers are taken for checking, spread over the step.</summary>
    public bool WantsSample => Interlocked.Decrement(ref _untilSample) < 0;

    /// <summary>Counts operations that are to be sent.</summary>
    public void Offer(double operations)
    {
        lock (_lock)
            _offered += operations;
    }

    public void Succeed(long due)
    {
        var now = Stopwatch.GetTimestamp();
        lock (_lock)
        {
            _latencies.Add(Stopwatch.GetElapsedTime(due, now));
            var second = Second(now);
            _answered[second]++;
            if (Stopwatch.GetElapsedTime(began, now).TotalSeconds <= seconds)
                _answeredInTime++;
        }
    }

    public void Fail(long due, Exception failure)
    {
        var rpc = failure as RpcException;
        Fail(due, rpc is null ? failure.GetType().Name : rpc.StatusCode.ToString(), rpc?.Status.Detail ?? failure.Message);
    }

    /// <summary>A failure counts with the time that it took, as an answer does.</summary>
    public void Fail(long due, string kind, string message)
    {
        var now = Stopwatch.GetTimestamp();
        lock (_lock)
        {
            _failed[Second(now)]++;
            _latencies.Add(Stopwatch.GetElapsedTime(due, now));
            if (_errors.TryGetValue(kind, out var known))
                known.Count++;
            else if (_errors.Count < MaxErrorKinds)
                _errors.Add(kind, new ErrorKind(message) { Count = 1 });
        }
    }

    public void AddSample(Operation operation, string[] found)
    {
        lock (_lock)
        {
            if (_samples.Count < MaxSamples)
                _samples.Add((operation, found));
            _untilSample = (int)Math.Max(20, _offered / MaxSamples);
        }
    }

    /// <summary>A copy of what is known now.</summary>
    public TrafficCount Read()
    {
        lock (_lock)
        {
            var latencies = new LatencyHistogram();
            latencies.Add(_latencies);
            return new TrafficCount(_offered, _answeredInTime, _answered.Sum(one => (long)one), _failed.Sum(one => (long)one), latencies, [.. _answered],
                [.. _failed], _errors.ToDictionary(error => error.Key, error => (error.Value.Count, error.Value.Example)), [.. _samples]);
        }
    }

    private int Second(long now) =>
        Math.Clamp((int)Stopwatch.GetElapsedTime(began, now).TotalSeconds, 0, _answered.Length - 1);

    private sealed class ErrorKind(string example)
    {
        public string Example { get; } = example;

        public long Count { get; set; }
    }
}

/// <summary>Counts of one kind of traffic in one step.</summary>
/// <param name="Offered">Operations that were due.</param>
/// <param name="AnsweredInTime">Answered before the step was over.</param>
/// <param name="Answered">Answered at all.</param>
/// <param name="Failed">Failed or not sent.</param>
/// <param name="Latencies">From the moment at which each was due.</param>
/// <param name="AnsweredBySecond">The last entry holds what came later.</param>
/// <param name="FailedBySecond">The same.</param>
/// <param name="Errors">By status, with the first message.</param>
/// <param name="Samples">Answers to check.</param>
internal sealed record TrafficCount(
    double Offered, long AnsweredInTime, long Answered, long Failed, LatencyHistogram Latencies, int[] AnsweredBySecond,
    int[] FailedBySecond, IReadOnlyDictionary<string, (long Count, string Example)> Errors,
    IReadOnlyList<(Operation Operation, string[] Found)> Samples);
