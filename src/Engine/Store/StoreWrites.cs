using Rag.Engine.Filters;
using Rag.Engine.Mutations;
using Rag.Engine.Slices;
using Rag.Engine.Storage;

namespace Rag.Engine;

/// <summary>The writes of the facade: check, encode, send, tell. Thread-safe.</summary>
internal sealed class StoreWrites(SliceCatalog catalog, MutationSender sender, Func<SliceEntry,
    WorkspaceSettings> settingsOf)
{
    public Task<UpsertOutcome> UpsertAsync(
        SliceId slice, IReadOnlyList<ChunkWrite> chunks, Guid mutationId, CancellationToken cancellationToken) =>
        WriteAsync(slice, MutationKind.Upsert, chunks, mutationId, cancellationToken);

    public Task<UpsertOutcome> RefineAsync(
        SliceId slice, IReadOnlyList<ChunkWrite> chunks, Guid mutationId, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(chunks);
        foreach (var chunk in chunks)
        {
            if (chunk is not { Fields: ChunkFields.Vectors, Precondition.Kind: PreconditionKind.IfVersion })
                throw StoreErrors.Invalid("A refinement sets vectors, and nothing else, of a version of a chunk.");
        }

        return WriteAsync(slice, MutationKind.Refine, chunks, mutationId, cancellationToken);
    }

    public async Task<DeleteOutcome> DeleteAsync(
        SliceId slice, ChunkSelection selection, Guid mutationId, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(selection);
        CheckSelection(selection);
        sender.CheckId(mutationId);
        catalog.Get(slice);
        var payload = MutationWriter.Delete(sender.Header, selection);
        if (payload.Length > MutationLogOptions.MaxPayloadBytes)
            throw StoreErrors.Invalid("The delete's filter or list is too large; split it.");
        var outcome = await sender.SendAsync(slice, MutationKind.Delete, mutationId, payload, cancellationToken);
        var items = new ChunkDeleteStatus[selection is ChunkSelection.ByKey keys ? keys.Chunks.Count : 0];
        for (var i = 0; i < items.Length; i++)
            items[i] = (ChunkDeleteStatus)outcome.StatusOf(i);
        return new DeleteOutcome(PackedStamp.Unpack(outcome.Stamp), outcome.Count, items);
    }

    public async Task<WriteStamp> StageAsync(
        SliceId slice, string documentId, Guid generation, IReadOnlyList<ChunkWrite> chunks, Guid mutationId,
        CancellationToken cancellationToken)
    {
        CheckBatch(chunks, "chunks");
        CheckGeneration(documentId, generation);
        sender.CheckId(mutationId);
        var settings = settingsOf(catalog.Get(slice));
        IReadOnlyList<ChunkPart> parts;
        using (var writer = ChunkBatchWriter.ForStage(sender.Header, documentId, generation))
        {
            for (var i = 0; i < chunks.Count; i++)
            {
                var error = FindStageError(chunks[i], documentId) ?? WriteValidator.FindError(chunks[i], settings);
                if (error is null && !writer.TryAdd(chunks[i]))
                    error = TooLarge;
                if (error is not null)
                    throw StoreErrors.Invalid($"Chunk {i} of the batch: {error}");
            }

            parts = writer.Complete();
        }

        var outcomes = await SendPartsAsync(slice, MutationKind.Stage, mutationId, parts, cancellationToken);
        if (outcomes.Any(outcome => outcome.Count > 0))
        {
            throw new StoreException(StoreErrorKind.FailedPrecondition,
                "The workspace's vector spaces changed while the chunks were on their way; stage the document again.");
        }

        return LastStamp(outcomes);
    }

    public async Task<CommitOutcome> CommitAsync(
        SliceId slice, string documentId, Guid generation, int expectedChunks, Precondition precondition,
        Guid mutationId, CancellationToken cancellationToken)
    {
        CheckGeneration(documentId, generation);
        if (expectedChunks < 0)
            throw StoreErrors.Invalid("The number of expected chunks is negative.");
        sender.CheckId(mutationId);
        catalog.Get(slice);
        var payload = MutationWriter.Commit(sender.Header, documentId, generation, expectedChunks, precondition);
        var outcome = await sender.SendAsync(slice, MutationKind.Commit, mutationId, payload, cancellationToken);
        return new CommitOutcome((CommitStatus)outcome.Uniform, PackedStamp.Unpack(outcome.Version), outcome.Count,
            outcome.Replaced, PackedStamp.Unpack(outcome.Stamp));
    }

    public async Task<WriteStamp> AbortAsync(
        SliceId slice, string documentId, Guid generation, Guid mutationId, CancellationToken cancellationToken)
    {
        CheckGeneration(documentId, generation);
        sender.CheckId(mutationId);
        catalog.Get(slice);
        var payload = MutationWriter.Abort(sender.Header, documentId, generation);
        var outcome = await sender.SendAsync(slice, MutationKind.Abort, mutationId, payload, cancellationToken);
        return PackedStamp.Unpack(outcome.Stamp);
    }

    public async Task<WriteStamp> PutSettingsAsync(
        SliceId slice, WorkspaceSettings settings, Guid mutationId, CancellationToken cancellationToken)
    {
        if (WriteValidator.FindSettingsError(settings) is { } error)
            throw StoreErrors.Invalid(error);
        sender.CheckId(mutationId);
        var payload = MutationWriter.Settings(sender.Header, settings);
        var outcome = await sender.SendAsync(slice, MutationKind.Settings, mutationId, payload, cancellationToken);
        return (SettingsStatus)outcome.Uniform switch
        {
            SettingsStatus.Superseded => throw new StoreException(StoreErrorKind.FailedPrecondition,
                $"Version {outcome.Version} of the settings is recorded; version {settings.Version} is outdated."),
            SettingsStatus.Incompatible => throw new StoreException(StoreErrorKind.FailedPrecondition,
                "A vector space cannot change its dimension, metric, codec or M; make a new space instead."),
            _ => PackedStamp.Unpack(outcome.Stamp),
        };
    }

    private async Task<UpsertOutcome> WriteAsync(
        SliceId slice, MutationKind kind, IReadOnlyList<ChunkWrite> chunks, Guid mutationId,
        CancellationToken cancellationToken)
    {
        CheckBatch(chunks, "chunks");
        sender.CheckId(mutationId);
        var settings = settingsOf(catalog.Get(slice));
        var results = new ChunkWriteResult[chunks.Count];
        // Results of the items that were logged go to these places, in order.
        var places = new List<int>(chunks.Count);
        IReadOnlyList<ChunkPart> parts;
        using (var writer = ChunkBatchWriter.ForUpsert(sender.Header))
        {
            for (var i = 0; i < results.Length; i++)
            {
                var error = WriteValidator.FindError(chunks[i], settings);
                if (error is null && !writer.TryAdd(chunks[i]))
                    error = TooLarge;
                if (error is null)
                    places.Add(i);
                else
                    results[i] = new ChunkWriteResult(ChunkWriteStatus.Invalid, default, error);
            }

            parts = writer.Complete();
        }

        var outcomes = await SendPartsAsync(slice, kind, mutationId, parts, cancellationToken);
        var place = 0;
        for (var part = 0; part < parts.Count; part++)
        {
            for (var item = 0; item < parts[part].Count; item++)
                results[places[place++]] = ResultOf(outcomes[part], item);
        }

        return new UpsertOutcome(LastStamp(outcomes), results);
    }

    private static string TooLarge =>
        $"The chunk with all its vectors takes over {StoreLimits.MaxRecordBytes} bytes; use fewer or smaller vectors.";

    private async Task<MutationOutcome[]> SendPartsAsync(
        SliceId slice, MutationKind kind, Guid mutationId, IReadOnlyList<ChunkPart> parts,
        CancellationToken cancellationToken)
    {
        // All are on their way before the first is waited for, so that they share group commits; the log keeps the
        // order in which they come to it.
        var sends = new Task<MutationOutcome>[parts.Count];
        for (var i = 0; i < sends.Length; i++)
            sends[i] =
                sender.SendAsync(slice, kind, MutationTime.OfPart(mutationId, i), parts[i].Payload, cancellationToken);
        return await Task.WhenAll(sends);
    }

    private static ChunkWriteResult ResultOf(MutationOutcome outcome, int item)
    {
        var status = (ChunkWriteStatus)outcome.StatusOf(item);
        var detail = status == ChunkWriteStatus.Invalid
            ? "The workspace's vector spaces changed while the chunk was on its way; read its settings and try again."
            : null;
        return new ChunkWriteResult(status, PackedStamp.Unpack(outcome.VersionOf(item)), detail);
    }

    private static WriteStamp LastStamp(MutationOutcome[] outcomes) =>
        outcomes.Length == 0 ? default : PackedStamp.Unpack(outcomes.Max(outcome => outcome.Stamp));

    private static string? FindStageError(ChunkWrite? chunk, string documentId) =>
        chunk is null || chunk.Key.DocumentId != documentId ? $"It does not belong to document '{documentId}'."
        : chunk.Fields != ChunkFields.All ? "A staged chunk is written whole; leave out the mask."
        : chunk.Precondition.Kind != PreconditionKind.None
            ? "A staged chunk has no precondition; give it to the commit."
        : null;

    private static void CheckSelection(ChunkSelection selection)
    {
        switch (selection)
        {
            case ChunkSelection.ByKey keys:
                CheckBatch(keys.Chunks, "keys");
                foreach (var (key, precondition) in keys.Chunks)
                {
                    if (WriteValidator.FindKeyError(key) is { } keyError)
                        throw StoreErrors.Invalid(keyError);
                    if (precondition.Kind == PreconditionKind.IfAbsent)
                        throw StoreErrors.Invalid("What is absent cannot be deleted; leave out if_absent.");
                }

                break;
            case ChunkSelection.ByDocument documents:
                CheckBatch(documents.DocumentIds, "documents");
                foreach (var id in documents.DocumentIds)
                {
                    if (WriteValidator.FindIdError(id, "document id") is { } idError)
                        throw StoreErrors.Invalid(idError);
                }

                break;
            case ChunkSelection.ByFilter filter:
                if (FilterValidator.FindErrorOfDelete(filter.Filter) is { } filterError)
                    throw StoreErrors.Invalid(filterError);
                break;
        }
    }

    private static void CheckBatch<T>(IReadOnlyList<T> items, string what)
    {
        ArgumentNullException.ThrowIfNull(items);
        if (items.Count is 0 or > StoreLimits.MaxBatch)
            throw StoreErrors.Invalid($"The call has {items.Count} {what}; send 1–{StoreLimits.MaxBatch}.");
    }

    private static void CheckGeneration(string documentId, Guid generation)
    {
        if (WriteValidator.FindIdError(documentId, "document id") is { } error)
            throw StoreErrors.Invalid(error);
        if (generation == Guid.Empty)
            throw StoreErrors.Invalid("The generation is empty; make a new id for each try of a document.");
    }
}
