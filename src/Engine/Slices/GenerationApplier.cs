using Rag.Engine.Mutations;

namespace Rag.Engine.Slices;

/// <summary>
/// Applies what replaces a document: chunks of a new generation are staged invisible, the commit makes them visible and
/// kills the former rows at one apply number, so that every search sees the one or the other.
/// </summary>
internal static class GenerationApplier
{
    public static MutationOutcome Stage(RowWriter rows, RecordBody body, ref PayloadReader reader)
    {
        var slice = rows.Slice;
        var documentId = reader.Bytes();
        var generation = reader.Guid();
        var document = rows.GetDocument(documentId);
        var state = slice.Documents.State(document);
        // A late repetition of what was committed already must not begin the generation anew.
        var committed = state is not null && state.Generation == generation;
        var staged = committed ? null : GetStaged(slice, document, documentId, generation, body.AcceptedMs);
        var refused = 0;
        while (reader.Remaining > 0)
        {
            var chunk = EncodedChunk.Read(ref reader, body.Payload);
            if (staged is null)
                continue;
            if (!chunk.DocumentId.SequenceEqual(documentId) || !UpsertApplier.FitsSpaces(slice, chunk))
            {
                refused++;
                continue;
            }

            if (FindStaged(slice, staged, chunk) is var former and >= 0)
            {
                staged.Rows.Remove(former);
                rows.DropStaged(former);
            }

            staged.Rows.Add(UpsertApplier.CreateWhole(rows, chunk, document, body.Stamp));
        }

        return new MutationOutcome { Kind = OutcomeKind.Applied, Stamp = body.Stamp, Count = refused };
    }

    public static MutationOutcome Commit(
        RowWriter rows, RecordBody body, ref PayloadReader reader, TimeSpan stagedLifetime)
    {
        var slice = rows.Slice;
        var documentId = reader.Bytes();
        var generation = reader.Guid();
        var expected = reader.Int32(int.MaxValue);
        var precondition = EncodedChunk.ReadPrecondition(ref reader);
        var document = slice.FindDocument(documentId);
        var state = document < 0 ? null : slice.Documents.State(document);
        var version = state?.Version ?? 0;
        if (version != 0 && state!.Generation == generation)
            return Outcome(CommitStatus.AlreadyCommitted, body.Stamp, version);
        if (!precondition.Holds(version == 0 ? default : PackedStamp.Unpack(version)))
            return Outcome(CommitStatus.PreconditionFailed, body.Stamp, version);

        var staged = state?.FindStaged(generation);
        if (LateRules.IsOutdated(rows, body, documentId))
        {
            if (staged is not null)
                Drop(rows, document, staged);
            return Outcome(CommitStatus.PreconditionFailed, body.Stamp, version);
        }

        if (staged is not null && body.AcceptedMs - staged.BeganMs > stagedLifetime.TotalMilliseconds)
        {
            Drop(rows, document, staged);
            return Outcome(CommitStatus.UnknownGeneration, body.Stamp, version);
        }

        if (staged is null && expected > 0)
            return Outcome(CommitStatus.UnknownGeneration, body.Stamp, version);
        if (expected != (staged?.Rows.Count ?? 0))
            return Outcome(CommitStatus.Incomplete, body.Stamp, version, staged!.Rows.Count);
        return Replace(rows, body, document < 0 ? rows.GetDocument(documentId) : document, documentId, generation,
            staged);
    }

    public static MutationOutcome Abort(RowWriter rows, RecordBody body, ref PayloadReader reader)
    {
        var slice = rows.Slice;
        var document = slice.FindDocument(reader.Bytes());
        var generation = reader.Guid();
        if (document >= 0 && slice.Documents.State(document)?.FindStaged(generation) is { } staged)
            Drop(rows, document, staged);
        return new MutationOutcome { Kind = OutcomeKind.Applied, Stamp = body.Stamp };
    }

    /// <summary>Drops all that is staged for a document.</summary>
    public static void DropAllStaged(RowWriter rows, int document)
    {
        foreach (var staged in rows.Slice.Documents.State(document)?.Staged.ToArray() ?? [])
        {
            foreach (var row in staged.Rows)
                rows.DropStaged(row);
        }

        rows.Slice.Documents.State(document)?.Staged.Clear();
        rows.Slice.DocumentsWithStaged.Remove(document);
    }

    private static MutationOutcome Replace(
        RowWriter rows, RecordBody body, int document, ReadOnlySpan<byte> documentId, Guid generation,
        StagedGeneration? staged)
    {
        var slice = rows.Slice;
        var state = slice.Documents.State(document);
        var replaced = DeleteApplier.KillAll(rows, body, document);
        foreach (var row in staged?.Rows ?? [])
        {
            if (IsOutdated(rows, body, row))
            {
                rows.DropStaged(row);
                continue;
            }

            slice.Rows.Columns.Versions[row] = body.Stamp;
            rows.Bear(row, document);
        }

        if (staged is not null)
            state!.Staged.Remove(staged);
        slice.Documents.SetState(document, new DocumentState
        {
            Id = state?.Id ?? documentId.ToArray(),
            Generation = generation,
            Version = body.Stamp,
            Staged = state?.Staged ?? [],
        });
        NoteStaged(slice, document);
        LateRules.KillFiltered(rows, body);
        return new MutationOutcome
        {
            Kind = OutcomeKind.Applied, Uniform = (byte)CommitStatus.Committed, Stamp = body.Stamp,
            Version = body.Stamp, Count = staged?.Rows.Count ?? 0, Replaced = replaced,
        };
    }

    private static bool IsOutdated(RowWriter rows, RecordBody body, int row)
    {
        if (!body.IsLate)
            return false;
        var key = rows.Slice.Keys.Read(rows.Slice.Rows.Columns.Keys[row]);
        return LateRules.IsOutdated(
            rows, body, key.DocumentId, key.ChunkId, rows.FindAlive(key.DocumentId, key.ChunkId));
    }

    private static StagedGeneration GetStaged(
        Slice slice, int document, ReadOnlySpan<byte> documentId, Guid generation, long acceptedMs)
    {
        var state = slice.Documents.State(document);
        if (state is null)
        {
            state = new DocumentState { Id = documentId.ToArray() };
            slice.Documents.SetState(document, state);
        }

        if (state.FindStaged(generation) is { } known)
            return known;
        var staged = new StagedGeneration(generation, acceptedMs);
        state.Staged.Add(staged);
        slice.DocumentsWithStaged.Add(document);
        return staged;
    }

    private static int FindStaged(Slice slice, StagedGeneration staged, EncodedChunk chunk)
    {
        var columns = slice.Rows.Columns;
        var key = new KeySpan(chunk.DocumentId, chunk.ChunkId);
        var candidates = slice.KeyIndex.Find(Fingerprint.Of(chunk.DocumentId, chunk.ChunkId));
        for (var row = candidates.Next(); row >= 0; row = candidates.Next())
        {
            if (staged.Rows.Contains(row) && slice.Keys.Read(columns.Keys[row]).Equals(key))
                return row;
        }

        return -1;
    }

    private static void Drop(RowWriter rows, int document, StagedGeneration staged)
    {
        var slice = rows.Slice;
        foreach (var row in staged.Rows)
            rows.DropStaged(row);
        var state = slice.Documents.State(document)!;
        state.Staged.Remove(staged);
        NoteStaged(slice, document);
        // A document that was only ever staged is forgotten.
        if (state.Version == 0 && state.Staged.Count == 0)
        {
            slice.Documents.SetState(document, null);
            slice.Graveyard.RemoveIfEmpty(document);
        }
    }

    private static void NoteStaged(Slice slice, int document)
    {
        if (slice.Documents.State(document)?.Staged.Count is null or 0)
            slice.DocumentsWithStaged.Remove(document);
    }

    private static MutationOutcome Outcome(CommitStatus status, ulong stamp, ulong version, int count = 0) => new()
    {
        Kind = OutcomeKind.Applied, Uniform = (byte)status, Stamp = stamp, Version = version, Count = count,
    };
}
