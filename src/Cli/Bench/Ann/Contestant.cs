namespace Rag.Cli.Bench.Ann;

/// <summary>An engine in a comparison and what is known of it so far. One that fails is left out from then on.</summary>
internal sealed class Contestant(string name, IAnnEngine? engine)
{
    private readonly Dictionary<(double Target, int Threads), List<AnnPass>> _passes = [];

    public string Name { get; } = name;

    /// <summary>The engine; null if it could not be started.</summary>
    public IAnnEngine? Engine { get; } = engine;

    public double? BuildSeconds { get; set; }

    /// <summary>Why it has no figures, or no more of them.</summary>
    public string? Error { get; set; }

    /// <summary>The effort for each target, in the order asked.</summary>
    public List<EffortFound> Efforts { get; } = [];

    /// <summary>Recall by effort, for each effort that was tried.</summary>
    public IReadOnlyDictionary<int, double> Recalls { get; set; } = new Dictionary<int, double>();

    /// <summary>Recall and queries a second along the efforts that were tried.</summary>
    public List<CurvePoint> Curve { get; } = [];

    public void Keep(double target, int threads, AnnPass pass)
    {
        if (!_passes.TryGetValue((target, threads), out var passes))
            _passes[(target, threads)] = passes = [];
        passes.Add(pass);
    }

    /// <summary>Queries a second in the median pass; null if there was none.</summary>
    public double? MedianQps(double target, int threads)
    {
        if (Error is not null || !_passes.TryGetValue((target, threads), out var passes))
            return null;
        var rates = passes.Select(pass => pass.QueriesPerSecond).Order().ToArray();
        return rates[rates.Length / 2];
    }
}

/// <summary>A point of a recall/speed plot.</summary>
internal readonly record struct CurvePoint(double Recall, double QueriesPerSecond, int Effort);
