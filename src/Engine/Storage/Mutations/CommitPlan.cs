using System.Runtime.InteropServices;

namespace Rag.Engine.Storage;

/// <summary>
/// Gives the records of one group commit their numbers, on trial: the log takes them over only when the commit is on
/// stable storage. Not thread-safe.
/// </summary>
internal sealed class CommitPlan(
    IReadOnlyDictionary<Guid, WorkspaceNumber> workspaceNumbers, IReadOnlyDictionary<int, ulong> sequences)
{
    private readonly Dictionary<Guid, WorkspaceRange> _workspaces = [];
    private readonly Dictionary<int, ulong> _partitions = [];

    public void Clear()
    {
        _workspaces.Clear();
        _partitions.Clear();
    }

    /// <summary>The next number of a workspace and the next sequence of a partition, or the one that is given.</summary>
    public (ulong WorkspaceNumber, ulong Sequence) Take(SliceId slice, ulong given)
    {
        ref var range = ref CollectionsMarshal.GetValueRefOrAddDefault(
            _workspaces, slice.WorkspaceUid, out var exists);
        if (!exists)
        {
            var first = workspaceNumbers.TryGetValue(slice.WorkspaceUid, out var known) ? known.Last + 1 : 1;
            range = new WorkspaceRange(slice.WorkspaceUid, first, first - 1);
        }
        range = range with { Last = range.Last + 1 };

        ref var sequence = ref CollectionsMarshal.GetValueRefOrAddDefault(_partitions, slice.Partition, out exists);
        if (!exists)
            sequence = sequences.GetValueOrDefault(slice.Partition);
        if (given == 0)
            return (range.Last, ++sequence);
        sequence = Math.Max(sequence, given);
        return (range.Last, given);
    }

    public CommitInfo Finish(ulong commitNumber, long start, ulong firstLogNumber, ulong lastLogNumber)
    {
        var partitions = new PartitionSequence[_partitions.Count];
        var i = 0;
        foreach (var (partition, last) in _partitions)
            partitions[i++] = new PartitionSequence(partition, last);
        return new CommitInfo(
            commitNumber, start, firstLogNumber, lastLogNumber, [.. _workspaces.Values], partitions);
    }
}
