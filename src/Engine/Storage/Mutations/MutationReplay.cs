using Microsoft.Extensions.Logging;

namespace Rag.Engine.Storage;

/// <summary>
/// Hands all that is committed to the sink, in order, and finds what is missing.
/// </summary>
/// <remarks>
/// Each commit of the journal says which numbers stand between two positions, and whose they are. A record that is not
/// found there undamaged is lost, and its workspace is quarantined before anything that follows is applied. Where the
/// journal lacks a commit, the commit's footer in the log stands in for it. Where both are gone, numbers that are
/// missing belong to nobody in particular: then every workspace is suspect that is not seen to go on without a gap.
/// Not thread-safe.
/// </remarks>
internal sealed class MutationReplay : IDisposable
{
    private readonly MutationLogScanner _scanner;
    private readonly ReplayBatch _batch;
    private readonly IMutationSink _sink;
    private readonly ILogger _logger;
    private readonly long _from;
    private readonly Dictionary<Guid, ulong> _numbers = [];
    private readonly HashSet<Guid> _quarantined = [];
    private readonly HashSet<Guid> _unharmed = [];
    private readonly HashSet<Guid> _suspects = [];
    private long _position;
    private ulong _lastLogNumber;
    private ulong _lastCommitNumber;
    private bool _numbersKnown;
    private string? _unattributed;

    /// <param name="segments">The log's files.</param>
    /// <param name="codec">Decodes payloads.</param>
    /// <param name="sink">Gets the records.</param>
    /// <param name="begin">First position that is still in the log.</param>
    /// <param name="from">First position that the sink needs.</param>
    /// <param name="logger">Told of damage.</param>
    public MutationReplay(
        SegmentFiles segments, IPayloadCodec codec, IMutationSink sink, long begin, long from, ILogger logger)
    {
        _scanner = new MutationLogScanner(segments);
        _batch = new ReplayBatch(codec, sink, _quarantined);
        _sink = sink;
        _logger = logger;
        _position = begin;
        _from = from;
        // A log that was never cut begins with the numbers 1.
        _numbersKnown = begin == 0;
    }

    /// <summary>Records handed to the sink.</summary>
    public long Delivered => _batch.Delivered;

    public void Dispose() => _scanner.Dispose();

    /// <summary>Says before the replay that records are lost and nobody knows whose.</summary>
    public void ReportLoss(string reason) => _unattributed = reason;

    /// <summary>Replays commits, which come in order; the last ones may repeat.</summary>
    /// <param name="commits">What journal and recovery know of.</param>
    /// <param name="end">The commit that would come next: it says where the log ends, and with which numbers.</param>
    /// <param name="cancellationToken">Stops between two commits.</param>
    public void Run(IEnumerable<CommittedRange> commits, CommitInfo end, CancellationToken cancellationToken)
    {
        foreach (var range in commits)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (range.Until <= _position)
                continue;
            if (range.Info.Start > _position)
                ReplayUnlisted(_position, range.Info);
            ReplayListed(range);
            _position = range.Until;
        }
        if (end.Start > _position)
            ReplayUnlisted(_position, end);
        _batch.Deliver();
        if (_unattributed is not { } reason)
            return;
        _unharmed.ExceptWith(_quarantined);
        MutationLogMessages.Unattributed(_logger, reason);
        _sink.QuarantineAllExcept(_unharmed, reason);
    }

    private void ReplayListed(CommittedRange range)
    {
        var info = range.Info;
        Follow(info);
        if (range.Until > _from)
        {
            var records = new CommitRecords(info);
            foreach (var record in _scanner.Scan(info.Start, range.Until))
                records.Add(record, range.Session);
            Deliver(records);
        }
        TakeNumbers(info);
    }

    // Commits that the journal does not list, between the last one and the next.
    private void ReplayUnlisted(long start, CommitInfo next)
    {
        MutationLogMessages.Unlisted(_logger, start, next.Start);
        var loose = new List<LooseRecord>();
        var position = start;
        foreach (var record in _scanner.Scan(start, next.Start))
        {
            if (_numbersKnown && record.Header.LogNumber <= _lastLogNumber)
                continue;
            if (record.Header.Type == MutationRecordHeader.MutationType)
            {
                loose.Add(LooseRecord.Of(record));
            }
            else if (CommitInfo.TryRead(record.Payload.Span) is { } info)
            {
                ReplayLoose(loose, position, info);
                Follow(info);
                var records = new CommitRecords(info);
                foreach (var one in loose)
                    records.Add(one.AsScanned(), record.Header.Session);
                if (record.End > _from)
                    Deliver(records);
                loose.Clear();
                position = record.End;
                TakeNumbers(info);
            }
        }
        ReplayLoose(loose, position, next);
    }

    // Commits between a position and the next known one of which neither journal entry nor footer can be read. Commits
    // follow each other without a gap, so there are none if the next one begins at the position; and how many records
    // they held follows from the numbers on both sides.
    private void ReplayLoose(List<LooseRecord> loose, long position, CommitInfo next)
    {
        if (next.Start <= position)
            return;
        var needed = next.Start > _from;
        var orphans = loose.Where(record => record.Header.LogNumber < next.FirstLogNumber).ToList();
        var footers = next.Number - _lastCommitNumber - 1;
        var expected = next.FirstLogNumber - 1 - _lastLogNumber - footers;
        foreach (var record in orphans)
        {
            var uid = record.Header.Slice.WorkspaceUid;
            CheckNumber(uid, record.Header.WorkspaceNumber);
            _numbers[uid] = record.Header.WorkspaceNumber;
            if (needed)
                DeliverOne(record.AsScanned(), position);
        }
        // Only what comes behind the whole range proves that a workspace lost nothing in it.
        if (needed && (!_numbersKnown || (ulong)orphans.Count != expected))
        {
            _unattributed = $"Records between positions {position} and {next.Start} of the mutation log are lost, and "
                + "nothing that is left tells whose they were.";
            _unharmed.Clear();
        }
    }

    private void TakeNumbers(CommitInfo info)
    {
        _lastLogNumber = info.FooterLogNumber;
        _lastCommitNumber = info.Number;
        _numbersKnown = true;
    }

    private void Deliver(CommitRecords records)
    {
        foreach (var (uid, lost) in records.FindLosses())
        {
            Quarantine(uid, $"{lost} records of the workspace are lost or damaged in the mutation log, in the commit "
                + $"at position {records.Info.Start}.");
        }
        foreach (var record in records.Take())
            DeliverOne(record, records.Info.Start);
    }

    private void DeliverOne(in ScannedRecord record, long position)
    {
        try
        {
            _batch.Add(record, position);
        }
        catch (CorruptDataException exception)
        {
            Quarantine(record.Header.Slice.WorkspaceUid, $"A record of the workspace at position {position} of the "
                + $"mutation log cannot be decoded: {exception.Message}");
        }
    }

    private void Follow(CommitInfo info)
    {
        foreach (var (uid, first, last) in info.Workspaces)
        {
            CheckNumber(uid, first);
            _numbers[uid] = last;
        }
    }

    private void CheckNumber(Guid uid, ulong number)
    {
        var known = _numbers.TryGetValue(uid, out var last);
        if (known && number > last + 1)
            Quarantine(uid, $"Records {last + 1}–{number - 1} of the workspace are lost in the mutation log.");
        else if (_unattributed is null)
            _unharmed.Add(uid);
        else if (!known && number != 1)
            _suspects.Add(uid); // what came before may have been lost, or be below the log's beginning
        else if (!_suspects.Contains(uid))
            _unharmed.Add(uid);
    }

    private void Quarantine(Guid uid, string reason)
    {
        if (!_quarantined.Add(uid))
            return;
        _batch.Deliver();
        MutationLogMessages.Quarantined(_logger, uid, reason);
        _sink.Quarantine(uid, reason);
    }
}
