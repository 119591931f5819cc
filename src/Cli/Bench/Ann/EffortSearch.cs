namespace Rag.Cli.Bench.Ann;

/// <summary>Seeks the smallest effort with which an engine reaches a recall target. Remembers every recall it saw.</summary>
internal sealed class EffortSearch(IAnnEngine engine, AnnRecall judge, int k, int largest, int threads)
{
    private const int LargestEffort = 16_384;

    // What twice the effort must bring for more of it to be worth trying: quantised engines stop short of some targets.
    private const double LeastGain = 0.0005;

    private readonly SortedDictionary<int, double> _recalls = [];

    /// <summary>Recall by effort, for every effort that was tried.</summary>
    public IReadOnlyDictionary<int, double> Recalls => _recalls;

    /// <summary>The smallest effort that reaches the target, and the recall there; or the best that was seen.</summary>
    public async Task<EffortFound> ReachAsync(double target, CancellationToken cancellationToken)
    {
        var high = k;
        while (await RecallAsync(high, cancellationToken) < target)
        {
            var next = Math.Min(high * 2, Math.Min(LargestEffort, Math.Max(k, largest)));
            if (next <= high || await IsFlatAsync(high, next, target, cancellationToken))
                return new EffortFound(target, next, _recalls[next], Reached: false);
            high = next;
        }

        var low = Math.Max(k, high / 2);
        // Between two efforts a step of 3 % is finer than what a run can tell apart.
        while (high - low > Math.Max(1, high / 32))
        {
            var middle = (low + high) / 2;
            if (await RecallAsync(middle, cancellationToken) < target)
                low = middle;
            else
                high = middle;
        }

        if (low < high && await RecallAsync(low, cancellationToken) >= target)
            high = low;
        return new EffortFound(target, high, _recalls[high], Reached: true);
    }

    private async Task<bool> IsFlatAsync(int effort, int next, double target, CancellationToken cancellationToken)
    {
        var gained = await RecallAsync(next, cancellationToken);
        return gained < target && effort >= 8 * k && gained - _recalls[effort] < LeastGain;
    }

    private async Task<double> RecallAsync(int effort, CancellationToken cancellationToken)
    {
        if (!_recalls.TryGetValue(effort, out var recall))
            _recalls[effort] = recall = judge.Of(await engine.SearchAsync(effort, threads, cancellationToken));
        return recall;
    }
}

/// <summary>What an engine needs for a recall target.</summary>
/// <param name="Target">Recall asked for.</param>
/// <param name="Effort">Size of the candidate pool.</param>
/// <param name="Recall">Recall with it.</param>
/// <param name="Reached">Whether that is the target.</param>
internal sealed record EffortFound(double Target, int Effort, double Recall, bool Reached);
