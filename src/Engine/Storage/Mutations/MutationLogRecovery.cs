namespace Rag.Engine.Storage;

/// <summary>
/// Finds out, reading only, where the mutation log ends and how its numbers go on.
/// <code>
///            begin                                    until, by the journal          end of the files
///   ──────────┼────────┬────────┬────────┬──────────────┼──────────────┬───────────────┼
///    forgotten │ commit │ commit │ commit │ commit       │ whole commits │ torn commit   │
///                                                          adopted         cut
/// </code>
/// What the journal lists was acknowledged and is below <see cref="RecoveredLog.Until"/>, readable or not. Behind it
/// there may be one commit that nobody was told of, or, if the journal itself is damaged, several: those that have a
/// footer are taken over; only what is behind the last footer is cut.
/// </summary>
internal sealed class MutationLogRecovery(SegmentFiles segments, CommitJournalReader journal) : IDisposable
{
    private readonly MutationLogScanner _scanner = new(segments);
    private readonly RecoveredLog _log = new();

    public void Dispose() => _scanner.Dispose();

    public RecoveredLog Run()
    {
        var known = ReadJournal();
        var range = segments.FindRange();
        if (!known && range is { } files)
        {
            _log.JournalLost = true;
            _log.Begin = _log.Until = files.First * segments.SegmentBytes;
        }
        if (range is not null)
            AdoptTail(segments.FindEnd());
        _log.IsUnreadable = _log.JournalLost && _log.Adopted.Count == 0 && segments.HasData(_log.Until);
        foreach (var (uid, number) in _log.Workspaces.Where(pair => pair.Value.Until <= _log.Begin).ToList())
            _log.Workspaces.Remove(uid);
        return _log;
    }

    private bool ReadJournal()
    {
        var any = false;
        foreach (var file in journal.ListFiles())
        {
            foreach (var entry in journal.Read(file))
            {
                Apply(entry, isFirst: !any);
                any = true;
            }
            _log.JournalFiles.Add((file, _log.Until));
        }
        return any;
    }

    private void Apply(JournalEntry entry, bool isFirst)
    {
        var start = entry.Commit?.Start ?? entry.Until;
        // An entry is missing before this one. Its numbers are in the log, as far as that can be read.
        if (!isFirst && start > _log.Until)
            ApplyRecords(_log.Until, start);
        if (entry.Commit is { } commit)
            _log.Apply(commit, entry.Until);
        else
            _log.Apply(entry.Base!);
        _log.Begin = Math.Max(_log.Begin, entry.Begin);
        _log.Until = Math.Max(_log.Until, entry.Until);
    }

    private void ApplyRecords(long from, long to)
    {
        foreach (var record in _scanner.Scan(from, to))
            _log.Apply(record.Header, record.End);
    }

    private void AdoptTail(long end)
    {
        var found = FindCommits(end);
        // Torn: its footer reached the disk and others of its records did not. Nobody was told of it, unless the
        // journal is lost as well, and then it is damaged and not torn for all we know.
        if (found.Count > 0 && !found[^1].IsWhole && !_log.JournalLost)
            found.RemoveAt(found.Count - 1);
        if (found.Count == 0)
            return;
        ApplyRecords(_log.Until, found[^1].Range.Until);
        foreach (var (range, _) in found)
        {
            _log.Apply(range.Info, range.Until);
            _log.Adopted.Add(range);
        }
        _log.Until = found[^1].Range.Until;
    }

    private List<(CommittedRange Range, bool IsWhole)> FindCommits(long end)
    {
        var found = new List<(CommittedRange, bool)>();
        var numbers = new HashSet<ulong>();
        foreach (var record in _scanner.Scan(_log.Until, end))
        {
            var header = record.Header;
            if (header.LogNumber <= _log.LastLogNumber)
                continue;
            if (header.Type == MutationRecordHeader.MutationType)
            {
                numbers.Add(header.LogNumber);
            }
            else if (CommitInfo.TryRead(record.Payload.Span) is { } info && info.Number > _log.LastCommitNumber)
            {
                var isWhole = IsWhole(info, numbers);
                found.Add((new CommittedRange(info, record.End, header.Session), isWhole));
                numbers.Clear();
            }
        }
        return found;
    }

    private static bool IsWhole(CommitInfo info, HashSet<ulong> numbers)
    {
        for (var number = info.FirstLogNumber; number <= info.LastLogNumber; number++)
        {
            if (!numbers.Contains(number))
                return false;
        }
        return true;
    }
}
