namespace Rag.Engine.Storage;

/// <summary>The records of a group commit that were found, against what the commit consists of. Not thread-safe.
/// </summary>
internal sealed class CommitRecords(CommitInfo info)
{
    private readonly List<LooseRecord> _records = [];
    private readonly HashSet<ulong> _numbers = [];

    public CommitInfo Info { get; } = info;

    /// <summary>Takes a record if it belongs to the commit.</summary>
    public void Add(in ScannedRecord record, uint session)
    {
        var header = record.Header;
        if (header.Type != MutationRecordHeader.MutationType || header.Session != session
            || header.LogNumber < Info.FirstLogNumber || header.LogNumber > Info.LastLogNumber)
            return;
        if (_numbers.Add(header.LogNumber))
            _records.Add(LooseRecord.Of(record));
    }

    /// <summary>Workspaces that lack records, and how many.</summary>
    public List<(Guid WorkspaceUid, ulong Lost)> FindLosses()
    {
        var losses = new List<(Guid, ulong)>();
        if ((ulong)_records.Count == Info.LastLogNumber - Info.FirstLogNumber + 1)
            return losses;
        var found = new Dictionary<Guid, ulong>();
        foreach (var record in _records)
        {
            var uid = record.Header.Slice.WorkspaceUid;
            found[uid] = found.GetValueOrDefault(uid) + 1;
        }
        foreach (var (uid, first, last) in Info.Workspaces)
        {
            var expected = last - first + 1;
            var got = found.GetValueOrDefault(uid);
            if (got < expected)
                losses.Add((uid, expected - got));
        }
        return losses;
    }

    /// <summary>The records, in order.</summary>
    public IEnumerable<ScannedRecord> Take() => _records.Select(record => record.AsScanned());
}
