using System.Numerics;
using System.Text;
using Rag.Engine.Filters;
using Rag.Engine.Mutations;

namespace Rag.Engine.Slices;

/// <summary>Applies deletes by key, by document and by filter.</summary>
internal static class DeleteApplier
{
    public static MutationOutcome Apply(RowWriter rows, RecordBody body, ref PayloadReader reader) =>
        reader.Byte() switch
    {
        MutationWriter.ByKey => DeleteKeys(rows, body, ref reader),
        MutationWriter.ByDocument => DeleteDocuments(rows, body, ref reader),
        MutationWriter.ByFilter => DeleteMatching(rows, body, FilterCodec.Read(ref reader)),
        _ => throw PayloadReader.Malformed("there is no such selection"),
    };

    private static MutationOutcome DeleteKeys(RowWriter rows, RecordBody body, ref PayloadReader reader)
    {
        var statuses = new byte[reader.Count(3)];
        var deleted = 0;
        for (var i = 0; i < statuses.Length; i++)
        {
            var documentId = reader.Bytes();
            var chunkId = reader.Bytes();
            var precondition = EncodedChunk.ReadPrecondition(ref reader);
            var row = rows.FindAlive(documentId, chunkId);
            var status = row < 0
                ? ChunkDeleteStatus.NotFound
                : !LateRules.IsNewer(rows, body, row)
                    && precondition.Holds(PackedStamp.Unpack(rows.Slice.Rows.Columns.Versions[row]))
                    ? ChunkDeleteStatus.Deleted
                    : ChunkDeleteStatus.PreconditionFailed;
            statuses[i] = (byte)status;
            // What is not here may be on its way from a replica that was away.
            if (body.KeepsTombstones && (status == ChunkDeleteStatus.Deleted
                || (status == ChunkDeleteStatus.NotFound && precondition.Kind == PreconditionKind.None)))
                rows.Slice.Tombstones.AddChunk(documentId, chunkId, body.Stamp);
            if (status != ChunkDeleteStatus.Deleted)
                continue;
            rows.Kill(row);
            deleted++;
        }

        return Outcome(deleted, body.Stamp, statuses);
    }

    private static MutationOutcome DeleteDocuments(RowWriter rows, RecordBody body, ref PayloadReader reader)
    {
        var deleted = 0;
        for (var left = reader.Count(); left > 0; left--)
        {
            var id = reader.Bytes();
            if (body.KeepsTombstones)
                rows.Slice.Tombstones.AddDocument(id, body.Stamp);
            var document = rows.Slice.FindDocument(id);
            if (document < 0)
                continue;
            deleted += KillAll(rows, body, document);
            if (body.IsLate && rows.Slice.Documents.State(document)?.Version > body.Stamp)
                continue;
            GenerationApplier.DropAllStaged(rows, document);
            rows.Slice.Documents.SetState(document, null);
            rows.Slice.Graveyard.RemoveIfEmpty(document);
        }

        return Outcome(deleted, body.Stamp, null);
    }

    private static MutationOutcome DeleteMatching(RowWriter rows, RecordBody body, FilterExpression filter)
    {
        if (body.KeepsTombstones)
            rows.Slice.Tombstones.AddFilter(filter, body.Stamp);
        var slice = rows.Slice;
        var deleted = 0;
        using var accepted = FilterEvaluator.Evaluate(filter, slice.Filterable, slice.Rows.Limit);
        var words = accepted.Words;
        for (var i = 0; i < words.Length; i++)
        {
            for (var word = words[i]; word != 0; word &= word - 1)
            {
                var row = (i << 6) + BitOperations.TrailingZeroCount(word);
                if (!RowStamps.IsAlive(slice.Rows.Columns.Stamps[row]) || LateRules.IsNewer(rows, body, row))
                    continue;
                rows.Kill(row);
                deleted++;
            }
        }

        return Outcome(deleted, body.Stamp, null);
    }

    /// <summary>Kills all living rows of a document, those of higher versions excepted; returns how many.</summary>
    public static int KillAll(RowWriter rows, RecordBody body, int document)
    {
        var columns = rows.Slice.Rows.Columns;
        var killed = 0;
        for (var row = rows.Slice.Documents.Head(document); row >= 0; row = columns.Next[row])
        {
            if (!RowStamps.IsAlive(columns.Stamps[row]) || LateRules.IsNewer(rows, body, row))
                continue;
            rows.Kill(row);
            killed++;
        }

        return killed;
    }

    private static MutationOutcome Outcome(int deleted, ulong stamp, byte[]? statuses) => new()
    {
        Kind = OutcomeKind.Applied, Stamp = stamp, Count = deleted, Statuses = statuses,
    };
}
