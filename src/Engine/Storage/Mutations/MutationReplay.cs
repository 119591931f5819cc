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
internal sealed class MutationReplay
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
    private bool _anySeen;
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
    }

    /// <summary>Records handed to the sink.</summary>
    public long Delivered => _batch.Delivered;

    /// <summary>Replays commits, which come in order; the last ones may repeat.</summary>
    public void Run(IEnumerable<CommittedRange> commits, CancellationToken cancellationToken)
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
        _lastLogNumber = info.FooterLogNumber;
        _anySeen = true;
    }

    // Commits that the journal does not list, between the last one and the next.
    private void ReplayUnlisted(long start, CommitInfo next)
    {
        MutationLogMessages.Unlisted(_logger, start, next.Start);
        var loose = new List<LooseRecord>();
        var needed = next.Start > _from;
        foreach (var record in _scanner.Scan(start, next.Start))
        {
            if (_anySeen && record.Header.LogNumber <= _lastLogNumber)
                continue;
            if (record.Header.Type == MutationRecordHeader.MutationType)
            {
                loose.Add(LooseRecord.Of(record));
            }
            else if (CommitInfo.TryRead(record.Payload.Span) is { } info)
            {
                ReplayLoose(loose, info.Start, info.FirstLogNumber, needed);
                Follow(info);
                var records = new CommitRecords(info);
                foreach (var one in loose)
                    records.Add(one.AsScanned(), record.Header.Session);
                if (needed)
                    Deliver(records);
                loose.Clear();
                _lastLogNumber = info.FooterLogNumber;
                _anySeen = true;
            }
        }
        ReplayLoose(loose, start, next.FirstLogNumber, needed);
        _lastLogNumber = next.FirstLogNumber - 1;
        _anySeen = true;
    }

    // Records below a number whose commit is not known: neither its journal entry nor its footer can be read.
    private void ReplayLoose(List<LooseRecord> loose, long position, ulong below, bool needed)
    {
        var orphans = loose.Where(record => record.Header.LogNumber < below).ToList();
        var first = _anySeen ? _lastLogNumber + 1 : orphans.Count > 0 ? orphans[0].Header.LogNumber : below;
        // Only the footer of the one commit that ends here may be missing without a loss: it has the last number.
        var missing = below <= first ? 0 : below - first - (ulong)orphans.Count;
        var onlyFooter = missing == 0
            || (missing == 1 && (orphans.Count == 0
                ? first == below - 1
                : orphans[^1].Header.LogNumber == below - 2));
        if (!onlyFooter && needed)
        {
            _unattributed = $"{missing} entries of the mutation log before position {position} are lost, and nothing "
                + "that is left tells whose they were.";
            _unharmed.Clear();
        }
        foreach (var record in orphans)
        {
            var uid = record.Header.Slice.WorkspaceUid;
            CheckNumber(uid, record.Header.WorkspaceNumber);
            _numbers[uid] = record.Header.WorkspaceNumber;
            if (needed)
                DeliverOne(record.AsScanned(), position);
        }
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
