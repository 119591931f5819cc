using Rag.Engine;
using Rag.Engine.Storage;
using Rag.Shard.Services;

namespace Rag.Shard.Refinement;

/// <summary>
/// What there is to refine: slices that lack something by the engine's counts, as far as their settings want it. What a
/// slice's settings say is kept as long as nothing is written to it. Used by the refiner's loop alone.
/// </summary>
internal sealed class RefinementPlan(ShardStore store, IRefinementDuty duty, IRefinementModels models)
{
    private Dictionary<SliceId, Known> _known = [];

    // Passes that found nothing to embed: chunks without a text lack a vector for good.
    private readonly Dictionary<RefinementTask, WriteStamp> _exhausted = [];

    /// <summary>Everything that is to be done now.</summary>
    public List<RefinementWork> Look()
    {
        var works = new List<RefinementWork>();
        var known = new Dictionary<SliceId, Known>();
        foreach (var slice in store.ListUnrefined())
        {
            if (!duty.IsOurs(slice.Slice.Partition))
                continue;
            if (!_known.TryGetValue(slice.Slice, out var wanted) || wanted.Stamp != slice.Stamp)
                wanted = Read(slice);
            known.Add(slice.Slice, wanted);
            foreach (var task in wanted.Tasks)
            {
                if (Measure(slice, task) is > 0 and var chunks
                    && !(_exhausted.TryGetValue(task, out var stamp) && stamp == slice.Stamp)
                    && models.Find(task.Model) is { Model: var model } && (model.HasFull || task.Gap == VectorGap.Missing))
                    works.Add(new RefinementWork(task, chunks, slice.Stamp, slice.IsLoaded));
            }
        }

        _known = known;
        foreach (var task in _exhausted.Keys.Where(task => !known.ContainsKey(task.Slice)).ToList())
            _exhausted.Remove(task);
        return works;
    }

    /// <summary>Nothing could be embedded: not looked at again before something is written to the slice.</summary>
    public void Exhaust(RefinementWork work) => _exhausted[work.Task] = work.Stamp;

    /// <summary>Whether the settings want it still: asked before each batch, and cheap while the slice is awake.</summary>
    public bool IsWanted(RefinementTask task) =>
        store.FindSettings(task.Slice.WorkspaceUid, task.Slice.Partition) is { State: WorkspaceState.Active } settings
        && TasksOf(task.Slice, settings).Contains(task);

    private static List<RefinementTask> TasksOf(SliceId slice, WorkspaceSettings settings)
    {
        var tasks = new List<RefinementTask>();
        foreach (var space in WorkspaceProfile.Of(settings).Spaces)
        {
            if (space.Model.Length == 0)
                continue;
            if (space.IsRefined)
                tasks.Add(new RefinementTask(slice, space.Index, VectorGap.Lookup, space.Model, IsQuick: false));
            if (space.IsFilled)
                tasks.Add(new RefinementTask(slice, space.Index, VectorGap.Missing, space.Model, space.IsQuick));
        }

        return tasks;
    }

    private static long Measure(SliceVectors slice, RefinementTask task)
    {
        foreach (var space in slice.Spaces)
        {
            if (space.Space == task.Space)
                return task.Gap == VectorGap.Lookup ? space.Lookup : slice.Chunks - space.Total;
        }

        // A snapshot of a time before vectors were counted; or a space that is not there any more.
        return slice.Spaces.Count == 0 ? slice.Chunks : 0;
    }

    private Known Read(SliceVectors slice)
    {
        var settings = store.FindSettings(slice.Slice.WorkspaceUid, slice.Slice.Partition);
        return new Known(
            slice.Stamp, settings is { State: WorkspaceState.Active } ? TasksOf(slice.Slice, settings) : []);
    }

    private sealed record Known(WriteStamp Stamp, List<RefinementTask> Tasks);
}
