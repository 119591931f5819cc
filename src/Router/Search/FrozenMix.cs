using Rag.V1;

namespace Rag.Router.Search;

/// <summary>How a search's first page mixed its lists.</summary>
/// <param name="Lists">One for each list, in their order.</param>
internal sealed record FrozenMix(IReadOnlyList<FrozenList> Lists)
{
    /// <summary>Lists of a mix at least.</summary>
    public const int FewestLists = 2;

    public IReadOnlyList<ListScale> Scales => [.. Lists.Select(static list => list.Scale)];

    /// <summary>Whether it can have come from scores and weights: a token may have been made up.</summary>
    public bool IsSound => Lists.All(static list => IsFinite(list.Scale)) && Lists.Sum(static list => list.Scale.Weight) > 0;

    public static FrozenMix Of(IReadOnlyList<HitList> lists, Fusion? fusion) => new(
        [.. lists.Zip(ListScale.Of(lists, fusion), static (list, scale) => new FrozenList(scale, FloorOf(list.Hits)))]);

    /// <summary>Leaves only what would have been a candidate then.</summary>
    public void Trim(IReadOnlyList<HitList> lists)
    {
        for (var i = 0; i < Lists.Count; i++)
        {
            var last = Lists[i].Floor;
            lists[i].Hits.RemoveAll(hit => last is not { } floor || floor.IsBefore(hit));
        }
    }

    private static bool IsFinite(ListScale scale) =>
        double.IsFinite(scale.Low) && double.IsFinite(scale.High) && scale.Weight is >= 0 and < double.MaxValue / 4;

    private static SearchPlace? FloorOf(List<SearchHit> hits) => hits.Count == 0 ? null : SearchPlace.Of(hits[^1]);
}

/// <summary>One of the lists.</summary>
/// <param name="Scale">What its scores count.</param>
/// <param name="Floor">Its last candidate; null: there was none, and none counts later.</param>
internal readonly record struct FrozenList(ListScale Scale, SearchPlace? Floor)
{
    /// <summary>Least score that is wanted of it later; nothing of a list that was empty.</summary>
    public float Threshold => Floor?.Score ?? float.PositiveInfinity;
}
