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
        MutationWriter.ByKey => DeleteKeys(rows, body.Stamp, ref reader),
        MutationWriter.ByDocument => DeleteDocuments(rows, body.Stamp, ref reader),
        MutationWriter.ByFilter => DeleteMatching(rows, body.Stamp, FilterCodec.Read(ref reader)),
        _ => throw PayloadReader.Malformed("there is no such selection"),
    };

    private static MutationOutcome DeleteKeys(RowWriter rows, ulong stamp, ref PayloadReader reader)
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
                : precondition.Holds(PackedStamp.Unpack(rows.Slice.Rows.Columns.Versions[row]))
                    ? ChunkDeleteStatus.Deleted
                    : ChunkDeleteStatus.PreconditionFailed;
            statuses[i] = (byte)status;
            if (status != ChunkDeleteStatus.Deleted)
                continue;
            rows.Kill(row);
            deleted++;
        }

        return Outcome(deleted, stamp, statuses);
    }

    private static MutationOutcome DeleteDocuments(RowWriter rows, ulong stamp, ref PayloadReader reader)
    {
        var deleted = 0;
        for (var left = reader.Count(); left > 0; left--)
        {
            var document = rows.Slice.FindDocument(reader.Bytes());
            if (document < 0)
                continue;
            deleted += KillAll(rows, document);
            GenerationApplier.DropAllStaged(rows, document);
            rows.Slice.Documents.SetState(document, null);
            rows.Slice.Graveyard.RemoveIfEmpty(document);
        }

        return Outcome(deleted, stamp, null);
    }

    private static MutationOutcome DeleteMatching(RowWriter rows, ulong stamp, FilterExpression filter)
    {
        var slice = rows.Slice;
        var deleted = 0;
        using var accepted = FilterEvaluator.Evaluate(filter, slice.Filterable, slice.Rows.Limit);
        var words = accepted.Words;
        for (var i = 0; i < words.Length; i++)
        {
            for (var word = words[i]; word != 0; word &= word - 1)
            {
                var row = (i << 6) + BitOperations.TrailingZeroCount(word);
                if (!RowStamps.IsAlive(slice.Rows.Columns.Stamps[row]))
                    continue;
                rows.Kill(row);
                deleted++;
            }
        }

        return Outcome(deleted, stamp, null);
    }

    /// <summary>Kills all living rows of a document; returns how many.</summary>
    public static int KillAll(RowWriter rows, int document)
    {
        var columns = rows.Slice.Rows.Columns;
        var killed = 0;
        for (var row = rows.Slice.Documents.Head(document); row >= 0; row = columns.Next[row])
        {
            if (!RowStamps.IsAlive(columns.Stamps[row]))
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
