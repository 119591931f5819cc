namespace Rag.Shard.Refinement;

/// <summary>
/// Whose turn it is: three times out of four that of the workspace that was searched most lately, then that of the one
/// that has waited longest, so that a small one that nobody searches is not starved. Used by the refiner's loop alone.
/// </summary>
internal sealed class RefinementSchedule(SearchActivity searches)
{
    private const int FairEvery = 4;

    private readonly Dictionary<Guid, long> _served = [];
    private long _turn;

    /// <summary>The next work, none of them being null.</summary>
    /// <param name="works">At least one.</param>
    public RefinementWork Choose(IReadOnlyList<RefinementWork> works)
    {
        _turn++;
        var fair = _turn % FairEvery == 0;
        var best = works[0];
        for (var i = 1; i < works.Count; i++)
        {
            if (Compare(works[i], best, fair) < 0)
                best = works[i];
        }

        Forget(works);
        _served[best.Task.Slice.WorkspaceUid] = _turn;
        return best;
    }

    // Of equals the one with least to do, so that most are done soon; a slice that is awake before one that sleeps.
    private int Compare(RefinementWork left, RefinementWork right, bool fair)
    {
        var (one, other) = (left.Task.Slice.WorkspaceUid, right.Task.Slice.WorkspaceUid);
        var order = one == other ? 0
            : fair ? _served.GetValueOrDefault(one).CompareTo(_served.GetValueOrDefault(other))
            : searches.SearchesOf(other).CompareTo(searches.SearchesOf(one));
        if (order == 0)
            order = right.IsLoaded.CompareTo(left.IsLoaded);
        return order != 0 ? order : left.Chunks.CompareTo(right.Chunks);
    }

    private void Forget(IReadOnlyList<RefinementWork> works)
    {
        if (_served.Count <= 2 * works.Count + 100)
            return;
        var waiting = works.Select(work => work.Task.Slice.WorkspaceUid).ToHashSet();
        foreach (var uid in _served.Keys.Where(uid => !waiting.Contains(uid)).ToList())
            _served.Remove(uid);
    }
}
