using Rag.V1;

namespace Rag.Router.Validation;

/// <summary>What is to be counted.</summary>
internal static class FacetRules
{
    public static void Check(IReadOnlyList<Facet> facets, Violations violations)
    {
        if (facets.Count > Limits.Facets)
        {
            violations.Add("facets", $"There are {facets.Count}: give at most {Limits.Facets}.");
            return;
        }

        for (var i = 0; i < facets.Count; i++)
        {
            var field = $"facets[{i}]";
            var facet = facets[i];
            if (MetadataRules.KeyFault(facet.Key) is { } fault)
                violations.Add($"{field}.key", fault);
            if (facet.Limit is < 0 or > Limits.FacetValues)
                violations.Add($"{field}.limit", $"{facet.Limit} is not between 1 and {Limits.FacetValues}.");
            if (facet.Ranges.Count > Limits.FacetRanges)
                violations.Add($"{field}.ranges", $"There are {facet.Ranges.Count}: give at most {Limits.FacetRanges}.");
            for (var r = 0; r < facet.Ranges.Count && r < Limits.FacetRanges; r++)
            {
                if (RangeFault(facet.Ranges[r]) is { } wrong)
                    violations.Add($"{field}.ranges[{r}]", wrong);
            }
        }
    }

    private static string? RangeFault(FacetRange range)
    {
        if (range.From is null && range.To is null)
            return "It has no bound: give at least one.";
        var kind = (range.From ?? range.To).KindCase;
        if (range.From is not null && range.To is not null && range.To.KindCase != kind)
            return "Its bounds are of two types: use one.";
        if (kind is not (Value.KindOneofCase.IntegerValue or Value.KindOneofCase.FloatValue
            or Value.KindOneofCase.TimestampValue))
            return "Bounds are integers, floats or timestamps.";
        return (range.From is null ? null : MetadataRules.ValueFault(range.From))
            ?? (range.To is null ? null : MetadataRules.ValueFault(range.To));
    }
}
