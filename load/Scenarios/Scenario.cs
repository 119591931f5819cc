namespace Rag.Load.Scenarios;

/// <summary>
/// What is sent, to how many workspaces, how fast and for how long; see load/README.md for the file's form. Rates are
/// operations a second, an operation being one search, one write of a batch, or one file.
/// </summary>
internal sealed record Scenario
{
    /// <summary>1 to 64 letters, digits and dashes.</summary>
    public string Name { get; init; } = "";

    public string Description { get; init; } = "";

    public DataSpec Data { get; init; } = new();

    /// <summary>Who sends what, beside one another. Not given: one with all defaults.</summary>
    public List<TrafficSpec> Traffic { get; init; } = [new()];

    /// <summary>Seconds at the first step's rate before anything counts. Default 3.</summary>
    public double WarmUpSeconds { get; init; } = 3;

    /// <summary>
    /// Measures the peak before the steps, whose rates are then shares of it, and once more behind them; checks go by the
    /// higher one. Default: no.
    /// </summary>
    public PeakSpec? Peak { get; init; }

    /// <summary>One after the other. Either these or <see cref="Search"/>.</summary>
    public List<StepSpec> Steps { get; init; } = [];

    /// <summary>Looks for the highest rate that meets the objective.</summary>
    public RateSearchSpec? Search { get; init; }

    public ObjectiveSpec Objective { get; init; } = new();

    /// <summary>What steps have to keep to beside one another.</summary>
    public List<CheckSpec> Checks { get; init; } = [];

    /// <summary>A start between data and traffic, of a server of our own, and a first search of each workspace.</summary>
    public RestartSpec? Restart { get; init; }

    /// <summary>What happens to a server of our own, counted from the first measured step.</summary>
    public List<EventSpec> Events { get; init; } = [];

    /// <summary>Options of a server of our own: what its rag.json holds.</summary>
    public Dictionary<string, Dictionary<string, object>> Server { get; init; } = [];
}

/// <summary>Seeded data that is written before the load begins.</summary>
internal sealed record DataSpec
{
    /// <summary>1 to 100,000. Default 1.</summary>
    public int Workspaces { get; init; } = 1;

    /// <summary>In each workspace, 0 to 10,000,000. Default 1,000.</summary>
    public int Chunks { get; init; } = 1000;

    /// <summary>Components of a vector, 2 to 4,096. Default 384. Not used with texts.</summary>
    public int Dimension { get; init; } = 384;

    /// <summary>Chunks are texts that the server's default model embeds. Default: vectors.</summary>
    public bool Texts { get; init; }
}

/// <summary>One kind of caller.</summary>
internal sealed record TrafficSpec
{
    /// <summary>Its name in reports. Default: all.</summary>
    public string Name { get; init; } = "all";

    /// <summary>First workspace that it uses. Default 0.</summary>
    public int FirstWorkspace { get; init; }

    /// <summary>How many workspaces it uses. Default (0): all from the first on.</summary>
    public int Workspaces { get; init; }

    /// <summary>Exponent of a Zipf law by which workspaces are chosen; 0, the default: all alike.</summary>
    public double Zipf { get; init; }

    /// <summary>Default: Poisson.</summary>
    public ArrivalKind Arrivals { get; init; } = ArrivalKind.Poisson;

    /// <summary>Closed loop only: callers that wait for each answer. Default 16.</summary>
    public int Clients { get; init; } = 16;

    /// <summary>Weights of the operations. Default: vector alone.</summary>
    public Dictionary<OperationKind, double> Mix { get; init; } = new() { [OperationKind.Vector] = 1 };

    /// <summary>How searches are called; writes are always unary. Default: unary.</summary>
    public CallKind Calls { get; init; } = CallKind.Unary;

    /// <summary>Default 2.</summary>
    public int Connections { get; init; } = 2;

    /// <summary>Streams over all connections, for stream calls. Default 4.</summary>
    public int Streams { get; init; } = 4;

    /// <summary>Searches of a batch call, 1 to 1,000. Default 32.</summary>
    public int BatchSize { get; init; } = 32;

    /// <summary>Chunks of one upsert or delete, 1 to 1,000. Default 10.</summary>
    public int WriteSize { get; init; } = 10;

    /// <summary>Hits of a search. Default 10.</summary>
    public int K { get; init; } = 10;

    /// <summary>Recall that searches ask for; 0, the default: the server's own.</summary>
    public double RecallTarget { get; init; }

    /// <summary>How long a call may take, milliseconds. Default 10,000.</summary>
    public int TimeoutMs { get; init; } = 10_000;

    /// <summary>Part of a step's rate that is this traffic's, among those without a rate of their own. Default 1.</summary>
    public double Share { get; init; } = 1;
}

/// <summary>Some seconds of load.</summary>
internal sealed record StepSpec
{
    public double Seconds { get; init; }

    /// <summary>Operations a second, shared out over the traffic; where the peak is measured, by that peak.</summary>
    public double Rate { get; init; }

    /// <summary>Rate at the end of a ramp. Default: the same as at its beginning.</summary>
    public double? ToRate { get; init; }

    /// <summary>Rates of single kinds of traffic, by name, in place of their share.</summary>
    public Dictionary<string, double> Rates { get; init; } = [];

    /// <summary>The same, but never shares of a measured peak.</summary>
    public Dictionary<string, double> FixedRates { get; init; } = [];

    /// <summary>The same with rates by name alone, and all that are shares of the peak times it.</summary>
    public StepSpec Times(double peak) => this with
    {
        Rate = Rate * peak,
        ToRate = ToRate * peak,
        Rates = Rates.ToDictionary(rate => rate.Key, rate => rate.Value * peak)
            .Concat(FixedRates).ToDictionary(rate => rate.Key, rate => rate.Value),
        FixedRates = [],
    };
}

/// <summary>Steps of rising rate until one misses the objective, then some between the last two.</summary>
internal sealed record RateSearchSpec
{
    public double FromRate { get; init; }

    public double ToRate { get; init; }

    /// <summary>From one step to the next. Default 1.4.</summary>
    public double Factor { get; init; } = 1.4;

    /// <summary>Of a step. Default 5.</summary>
    public double Seconds { get; init; } = 5;

    /// <summary>Steps between the best that met the objective and the first that missed it. Default 2.</summary>
    public int Refinements { get; init; } = 2;
}

/// <summary>What a step has to keep to count as met.</summary>
internal sealed record ObjectiveSpec
{
    public double? P95Ms { get; init; }

    public double? P99Ms { get; init; }

    /// <summary>Errors by operations. Default 0.001.</summary>
    public double MaxErrorShare { get; init; } = 0.001;

    /// <summary>Answered by offered. Default 0.97.</summary>
    public double MinAchievedShare { get; init; } = 0.97;

    /// <summary>Of searches by vector, where any were checked.</summary>
    public double? MinRecall { get; init; }
}

/// <summary>How a server of our own is ended and started again once the data is written.</summary>
internal sealed record RestartSpec
{
    /// <summary>SIGKILL in place of SIGTERM.</summary>
    public bool Kill { get; init; }

    /// <summary>First searches at a time, 1 to 1,000. Default 4.</summary>
    public int Clients { get; init; } = 4;
}

internal sealed record EventSpec
{
    public double AtSeconds { get; init; }

    public EventAction Action { get; init; }
}

internal enum ArrivalKind
{
    /// <summary>By a schedule, with exponential gaps.</summary>
    Poisson,

    /// <summary>By a schedule, with equal gaps.</summary>
    Constant,

    /// <summary>Each caller sends when it has its answer: a slow server is asked less.</summary>
    Closed,
}

internal enum OperationKind
{
    Vector,
    Text,
    Filtered,
    Hybrid,
    Upsert,
    Delete,
    Ingest,
}

internal enum CallKind
{
    Unary,
    Batch,
    Stream,

    /// <summary>Unary, to the method that takes a search and answers nothing (option Router:Probe of the server).</summary>
    Empty,
}

internal enum EventAction
{
    /// <summary>SIGKILL.</summary>
    Kill,

    /// <summary>Start it again on the same folder and port.</summary>
    Start,

    /// <summary>SIGTERM, and start it again when it has ended.</summary>
    Restart,
}
