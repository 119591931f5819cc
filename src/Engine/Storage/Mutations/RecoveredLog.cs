namespace Rag.Engine.Storage;

/// <summary>What the files of a mutation log say about its end. Changed only while the log is opened.</summary>
internal sealed class RecoveredLog
{
    /// <summary>First position that is still needed.</summary>
    public long Begin { get; set; }

    /// <summary>Position behind the last committed record.</summary>
    public long Until { get; set; }

    public ulong LastLogNumber { get; set; }

    public ulong LastCommitNumber { get; set; }

    public Dictionary<Guid, WorkspaceNumber> Workspaces { get; } = [];

    public Dictionary<int, ulong> Partitions { get; } = [];

    /// <summary>Journal files with the highest position that each speaks of, in order.</summary>
    public List<(int Number, long LastUntil)> JournalFiles { get; } = [];

    /// <summary>Commits that are whole in the log but not in the journal: the process ended between the two, or the
    /// journal's end is damaged.</summary>
    public List<CommittedRange> Adopted { get; } = [];

    /// <summary>There are segments, but not one entry of a journal.</summary>
    public bool JournalLost { get; set; }

    /// <summary>There are segments with data, and neither a journal nor one commit in them that can be read.</summary>
    public bool IsUnreadable { get; set; }

    /// <summary>The commit that would come next.</summary>
    public CommitInfo Next() => new(LastCommitNumber + 1, Until, LastLogNumber + 1, LastLogNumber, [], []);

    public void Apply(CommitInfo info, long until)
    {
        LastLogNumber = Math.Max(LastLogNumber, info.FooterLogNumber);
        LastCommitNumber = Math.Max(LastCommitNumber, info.Number);
        foreach (var workspace in info.Workspaces)
            Workspaces[workspace.WorkspaceUid] = new WorkspaceNumber(workspace.Last, until);
        Raise(info.Partitions);
    }

    public void Apply(JournalBase start)
    {
        LastLogNumber = Math.Max(LastLogNumber, start.LastLogNumber);
        LastCommitNumber = Math.Max(LastCommitNumber, start.LastCommitNumber);
        Raise(start.Partitions);
    }

    public void Apply(in MutationRecordHeader header, long end)
    {
        LastLogNumber = Math.Max(LastLogNumber, header.LogNumber);
        if (header.Type != MutationRecordHeader.MutationType)
            return;
        Workspaces[header.Slice.WorkspaceUid] = new WorkspaceNumber(header.WorkspaceNumber, end);
        Raise([new PartitionSequence(header.Slice.Partition, header.Sequence)]);
    }

    private void Raise(ReadOnlySpan<PartitionSequence> partitions)
    {
        foreach (var (partition, last) in partitions)
            Partitions[partition] = Math.Max(last, Partitions.GetValueOrDefault(partition));
    }
}
