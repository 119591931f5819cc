using Rag.Engine.Mutations;
using Rag.Engine.Slices;
using Rag.Engine.Storage;

namespace Rag.Engine;

/// <summary>
/// One slice's part of a batch: makes, loads, drops or quarantines the slice as its records demand. Under the entry's
/// monitor throughout.
/// </summary>
internal sealed class ApplySession(StoreContext context, SliceCatalog catalog, SliceEntry entry, ApplyLimits limits)
    : IDisposable
{
    private SliceWriter? _writer;
    private bool _isUnpublished;

    /// <summary>Applies one record; a failure that lies in the data quarantines the slice and no other.</summary>
    public MutationOutcome Apply(in DurableRecord record)
    {
        var stamp = PackedStamp.Pack(new WriteStamp(record.Epoch, record.Sequence));
        if (stamp <= entry.Stamp)
            return MutationOutcome.Refused(OutcomeKind.Applied); // In the snapshot already: only a replay gets here.
        try
        {
            var (mutation, origin) = record.Kind == (byte)MutationKind.Late
                ? LateMutation.Unwrap(record)
                : (record, default);
            if (mutation.Kind == (byte)MutationKind.Settings)
                return ApplySettings(mutation, origin, stamp);
            if (entry.IsDeleted)
                return MutationOutcome.Refused(OutcomeKind.WorkspaceDeleted);
            if (entry.QuarantineReason is not null)
                return MutationOutcome.Refused(OutcomeKind.Quarantined);
            return entry.Stamp == 0 ? MutationOutcome.Refused(OutcomeKind.NoWorkspace)
                : Write(mutation, origin, stamp);
        }
        catch (StoreException exception) when (exception.Kind == StoreErrorKind.DataLoss)
        {
            return MutationOutcome.Refused(OutcomeKind.Quarantined);
        }
        catch (Exception exception) when (SliceCatalog.IsCorruption(exception))
        {
            catalog.Quarantine(entry, $"Record {record.Sequence} cannot be applied: {exception.Message}", exception);
            return MutationOutcome.Refused(OutcomeKind.Quarantined);
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            Touch(record, stamp: null);
            catalog.QuarantineUntilRestart(entry, $"Applying record {record.Sequence} failed: {exception.Message}",
                exception);
            return MutationOutcome.Refused(OutcomeKind.Quarantined);
        }
    }

    /// <summary>Shows what was applied.</summary>
    public void Publish()
    {
        if (!_isUnpublished || _writer is null || entry.Loaded is null)
            return;
        _isUnpublished = false;
        try
        {
            _writer.Publish(entry.Stamp);
            catalog.CountMemory(entry);
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            catalog.QuarantineUntilRestart(entry, $"Indexing what was applied failed: {exception.Message}", exception);
        }
    }

    public void Dispose() => _writer?.Dispose();

    private MutationOutcome Write(in DurableRecord record, WriteStamp origin, ulong stamp)
    {
        _writer ??= new SliceWriter(catalog.GetLoaded(entry), context.Contents, limits);
        _isUnpublished = true;
        var outcome = _writer.Apply(record, origin);
        Touch(record, stamp);
        return outcome;
    }

    private MutationOutcome ApplySettings(in DurableRecord record, WriteStamp origin, ulong stamp)
    {
        var reader = new PayloadReader(record.Payload.Span);
        PayloadHeader.Read(ref reader);
        var settings = SettingsCodec.Read(ref reader);
        if (entry.IsDeleted)
            return settings.State == WorkspaceState.Deleting
                ? SettingsWriter.Outcome(SettingsStatus.Unchanged, stamp, settings.Version)
                : MutationOutcome.Refused(OutcomeKind.WorkspaceDeleted);
        if (settings.State == WorkspaceState.Deleting)
            return Drop(settings, stamp);
        if (entry.QuarantineReason is not null)
            return MutationOutcome.Refused(OutcomeKind.Quarantined);
        if (entry.Stamp != 0)
            return Write(record, origin, stamp);

        catalog.Install(entry, new Slice(entry.Id, settings, context.Guard, context.Options.MutationIdLifetime));
        Touch(record, stamp);
        _writer = new SliceWriter(entry.Loaded!, context.Contents, limits);
        _isUnpublished = true;
        return SettingsWriter.Outcome(SettingsStatus.Recorded, stamp, settings.Version);
    }

    // A deletion always counts: whatever version is known, the workspace never comes back.
    private MutationOutcome Drop(WorkspaceSettings settings, ulong stamp)
    {
        Publish();
        _writer?.Dispose();
        _writer = null;
        catalog.Drop(entry, SettingsCodec.ToBytes(settings));
        entry.Stamp = stamp;
        entry.LastUsedMs = context.NowMs;
        return SettingsWriter.Outcome(SettingsStatus.Recorded, stamp, settings.Version);
    }

    private void Touch(in DurableRecord record, ulong? stamp)
    {
        entry.Stamp = stamp ?? entry.Stamp;
        entry.LastUsedMs = context.NowMs;
        entry.DirtySince = Math.Min(entry.DirtySince, record.Position);
        entry.DirtySinceCut = Math.Min(entry.DirtySinceCut, record.Position);
        var place = PackedStamp.Pack(new WriteStamp(record.Epoch, record.Sequence));
        entry.DirtyStamp = Math.Min(entry.DirtyStamp, place);
        entry.DirtyStampCut = Math.Min(entry.DirtyStampCut, place);
    }
}
