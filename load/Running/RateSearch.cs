using Rag.Load.Scenarios;

namespace Rag.Load.Running;

/// <summary>Looks for the highest rate that meets the objective: rising steps, then some between the last two.</summary>
internal sealed class RateSearch(RateSearchSpec search, StepRunner steps, Action<string> progress)
{
    public async Task<List<StepResult>> RunAsync(CancellationToken cancellationToken)
    {
        var results = new List<StepResult>();
        var (best, missed) = (0.0, 0.0);
        for (var rate = search.FromRate; missed == 0; rate = Math.Min(rate * search.Factor, search.ToRate))
        {
            if (await RunAsync(rate, results, cancellationToken))
                best = rate;
            else
                missed = rate;
            if (rate >= search.ToRate)
                break;
        }

        for (var i = 0; i < search.Refinements && missed > 0 && best > 0; i++)
        {
            var between = Math.Sqrt(best * missed);
            if (await RunAsync(between, results, cancellationToken))
                best = between;
            else
                missed = between;
        }

        return results;
    }

    private async Task<bool> RunAsync(double rate, List<StepResult> results, CancellationToken cancellationToken)
    {
        var step = new StepSpec { Rate = Math.Round(rate), Seconds = search.Seconds };
        var result = await steps.RunAsync(step, isCounted: true, cancellationToken);
        results.Add(result);
        progress(FormattableString.Invariant(
            $"{step.Rate:N0}/s: {(result.IsMet ? "met" : "missed: " + string.Join("; ", result.Missed))}"));
        return result.IsMet;
    }
}
