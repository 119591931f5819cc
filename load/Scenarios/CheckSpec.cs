namespace Rag.Load.Scenarios;

/// <summary>Something that steps of one run have to keep to beside one another: figures of one run are comparable.</summary>
internal sealed record CheckSpec
{
    public CheckKind Kind { get; init; }

    /// <summary>Which traffic; empty: all together.</summary>
    public string Traffic { get; init; } = "";

    /// <summary>Steps that are judged, from 0; their median counts.</summary>
    public List<int> Steps { get; init; } = [];

    /// <summary>Steps to compare with; their median counts.</summary>
    public List<int> Baseline { get; init; } = [];

    public double? AtMost { get; init; }

    public double? AtLeast { get; init; }
}

internal enum CheckKind
{
    /// <summary>p99 by that of the baseline.</summary>
    P99Ratio,

    /// <summary>Searches answered a second by the measured peak.</summary>
    GoodputOfPeak,

    /// <summary>Seconds from the step's begin until a second in which less than a hundredth fails, and all after it.</summary>
    RecoverySeconds,

    /// <summary>Memory of the server, MiB more than in the baseline.</summary>
    MemoryGrowthMib,

    /// <summary>Recall less than in the baseline.</summary>
    RecallLoss,

    /// <summary>Errors that are not RESOURCE_EXHAUSTED, by operations.</summary>
    OtherErrorShare,
}

/// <summary>Measures what the server can do before the steps: callers that wait for each answer, as many as keep it busy.</summary>
internal sealed record PeakSpec
{
    /// <summary>Name of the traffic whose operations they send. Default: the first.</summary>
    public string Traffic { get; init; } = "";

    /// <summary>Callers. Default 16.</summary>
    public int Clients { get; init; } = 16;

    /// <summary>How long. Default 5.</summary>
    public double Seconds { get; init; } = 5;
}
