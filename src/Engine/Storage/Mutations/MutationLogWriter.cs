using System.Security.Cryptography;

namespace Rag.Engine.Storage;

/// <summary>
/// Writes group commits. One commit: records and footer into the log's pages, pages to the file, sync of the file, one
/// synced journal entry; then it is committed. A failure at any step leaves the writer unusable until
/// <see cref="Reopen"/> has cut what was not committed. Used by one thread at a time; the properties may be read by
/// others.
/// </summary>
internal sealed class MutationLogWriter : IDisposable
{
    private readonly IPayloadCodec _codec;
    private readonly MutationLogOptions _options;
    private readonly SegmentFiles _segments;
    private readonly CommitJournal _journal;
    private readonly Dictionary<Guid, WorkspaceNumber> _workspaces;
    private readonly Dictionary<int, ulong> _sequences;
    private readonly Lock _sequencesLock = new();
    private readonly CommitPlan _plan;
    private List<CommittedRange> _adopted;
    private bool _journalLost;
    private PagedLog? _log;
    private byte[] _record = new byte[64 << 10];
    private uint _session;
    private ulong _lastLogNumber;
    private ulong _lastCommitNumber;
    private long _begin;
    private long _until;

    public MutationLogWriter(
        SegmentFiles segments, CommitJournal journal, IPayloadCodec codec, MutationLogOptions options,
        RecoveredLog recovered)
    {
        _segments = segments;
        _journal = journal;
        _codec = codec;
        _options = options;
        _workspaces = recovered.Workspaces;
        _sequences = recovered.Partitions;
        _plan = new CommitPlan(_workspaces, _sequences);
        _adopted = recovered.Adopted;
        _journalLost = recovered.JournalLost;
        _lastLogNumber = recovered.LastLogNumber;
        _lastCommitNumber = recovered.LastCommitNumber;
        _begin = recovered.Begin;
        _until = recovered.Until;
    }

    /// <summary>First position that is still needed.</summary>
    public long Begin => Interlocked.Read(ref _begin);

    /// <summary>Position behind the last committed record.</summary>
    public long Until => Interlocked.Read(ref _until);

    public ulong LastSequence(int partition)
    {
        lock (_sequencesLock)
            return _sequences.GetValueOrDefault(partition);
    }

    public void RaiseSequence(int partition, ulong last)
    {
        lock (_sequencesLock)
            _sequences[partition] = Math.Max(last, _sequences.GetValueOrDefault(partition));
    }

    /// <summary>
    /// Cuts all that was not committed and begins a new session behind it.
    /// </summary>
    /// <exception cref="IOException">The device failed; nothing that was committed is touched; try again.</exception>
    public void Reopen()
    {
        Close();
        _session = NewSession();
        // The journal first. A tail that the journal does not list is cut or, if whole, taken over at the next start;
        // a journal entry without its tail would look like a loss.
        BeginJournal();
        // Without a journal nothing proves that what is cut was never acknowledged.
        if (_journalLost && _segments.HasData(_until))
            _segments.CopyFrom(_until, "lost");
        _journalLost = false;
        _segments.CutFrom(_until);
        _adopted = [];
        _log = new PagedLog(
            _segments, MutationLogOptions.PageBytes, _options.MemoryBytes, _begin, RoundUp(_until));
    }

    /// <summary>Gives the records their sequences and makes them durable; returns the position where the commit begins.
    /// </summary>
    /// <exception cref="IOException">The device failed; nothing of the commit counts.</exception>
    public long Commit(IReadOnlyList<AppendRequest> batch)
    {
        var log = _log ?? throw new InvalidOperationException("The log is not open.");
        var first = _lastLogNumber + 1;
        var number = _lastLogNumber;
        _plan.Clear();
        foreach (var request in batch)
            Append(log, request, ++number);
        var info = _plan.Finish(_lastCommitNumber + 1, _until, first, number);
        AppendFooter(log, info);
        var until = log.HandOver();
        _segments.Sync();
        AppendToJournal(new JournalEntry(_session, _begin, until, info, null));
        Take(info, until);
        return info.Start;
    }

    /// <summary>Forgets what lies before a position, which is the beginning of a commit or the end of the log.
    /// </summary>
    /// <exception cref="IOException">The device failed.</exception>
    public void TruncateBefore(long position)
    {
        var log = _log ?? throw new InvalidOperationException("The log is not open.");
        if (position <= _begin)
            return;
        ArgumentOutOfRangeException.ThrowIfGreaterThan(position, _until);
        Interlocked.Exchange(ref _begin, position);
        // Durable before anything is deleted: what the journal says is needed must be there.
        AppendToJournal(BaseEntry(_until));
        log.ForgetBefore(position);
        _segments.DeleteBelow(position);
        _journal.DeleteBelow(position);
        foreach (var (uid, last) in _workspaces)
        {
            if (last.Until <= position)
                _workspaces.Remove(uid);
        }
    }

    /// <summary>Closes the log, not the files: they can still be read.</summary>
    public void Close()
    {
        _log?.Dispose();
        _log = null;
    }

    public void Dispose()
    {
        Close();
        _journal.Dispose();
    }

    private static long RoundUp(long address) => (address + PagedLog.SectorBytes - 1) & -PagedLog.SectorBytes;

    private static uint NewSession()
    {
        Span<byte> bytes = stackalloc byte[sizeof(uint)];
        RandomNumberGenerator.Fill(bytes);
        return BitConverter.ToUInt32(bytes);
    }

    private void Append(PagedLog log, AppendRequest request, ulong logNumber)
    {
        var record = request.Record;
        var (workspaceNumber, sequence) = _plan.Take(record.Slice, record.Sequence);
        request.Sequence = sequence;
        EnsureRecord(MutationRecordHeader.Length + _codec.MaxEncodedLength(record.Payload.Length));
        var payloadLength = _codec.Encode(
            record.Slice.WorkspaceUid, record.Payload.Span, _record.AsSpan(MutationRecordHeader.Length));
        Append(log, new MutationRecordHeader
        {
            PayloadLength = payloadLength,
            Type = MutationRecordHeader.MutationType,
            Kind = record.Kind,
            Session = _session,
            LogNumber = logNumber,
            WorkspaceNumber = workspaceNumber,
            Sequence = sequence,
            Epoch = record.Epoch,
            Slice = record.Slice,
            MutationId = record.MutationId,
        });
    }

    private void AppendFooter(PagedLog log, CommitInfo info)
    {
        EnsureRecord(MutationRecordHeader.Length + info.EncodedLength);
        info.WriteTo(_record.AsSpan(MutationRecordHeader.Length));
        Append(log, new MutationRecordHeader
        {
            PayloadLength = info.EncodedLength,
            Type = MutationRecordHeader.FooterType,
            Session = _session,
            LogNumber = info.FooterLogNumber,
        });
    }

    private void Append(PagedLog log, in MutationRecordHeader header)
    {
        var record = _record.AsSpan(0, MutationRecordHeader.Length + header.PayloadLength);
        header.Seal(record);
        log.Append(record);
    }

    // A base counts all that was taken over, so it comes last: what a crash leaves out is found again in the log.
    private void BeginJournal()
    {
        foreach (var range in _adopted)
        {
            var entry = new JournalEntry(range.Session, _begin, range.Until, range.Info, null);
            if (range == _adopted[0] || !_journal.HasRoomFor(entry))
                _journal.Begin(entry);
            else
                _journal.Append(entry);
        }
        if (_adopted.Count == 0)
            _journal.Begin(BaseEntry(_until));
        else
            AppendToJournal(BaseEntry(_until));
    }

    private void AppendToJournal(JournalEntry entry)
    {
        if (!_journal.HasRoomFor(entry))
            _journal.Begin(BaseEntry(entry.Commit?.Start ?? entry.Until));
        _journal.Append(entry);
    }

    private JournalEntry BaseEntry(long until)
    {
        lock (_sequencesLock)
        {
            var partitions = _sequences.Select(pair => new PartitionSequence(pair.Key, pair.Value)).ToArray();
            return new JournalEntry(
                _session, _begin, until, null, new JournalBase(_lastLogNumber, _lastCommitNumber, partitions));
        }
    }

    private void Take(CommitInfo info, long until)
    {
        _lastLogNumber = info.FooterLogNumber;
        _lastCommitNumber = info.Number;
        foreach (var workspace in info.Workspaces)
            _workspaces[workspace.WorkspaceUid] = new WorkspaceNumber(workspace.Last, until);
        lock (_sequencesLock)
        {
            foreach (var (partition, last) in info.Partitions)
                _sequences[partition] = last;
        }
        Interlocked.Exchange(ref _until, until);
    }

    private void EnsureRecord(int length)
    {
        if (_record.Length < length)
            _record = new byte[Math.Max(length, 2 * _record.Length)];
    }
}
