using System.Runtime.InteropServices;
using Rag.Engine.Mutations;

namespace Rag.Engine.Slices;

/// <summary>
/// Applies a batch of chunk writes: each for itself, in order. A refinement is a patch of vectors that keeps the chunk's
/// version, and with it the place of its text; it never takes the place of a vector that is better than a lookup one.
/// </summary>
internal static class UpsertApplier
{
    public static MutationOutcome Apply(RowWriter rows, RecordBody body, bool refines, ref PayloadReader reader)
    {
        var statuses = new List<byte>();
        ulong[]? versions = null;
        while (reader.Remaining > 0)
        {
            var chunk = EncodedChunk.Read(ref reader, body.Payload);
            var (status, version) = Write(rows, chunk, body, refines);
            statuses.Add((byte)status);
            if (version == body.Stamp && versions is null)
                continue;
            // Few batches need versions of their own: the array is made, and caught up, when the first one does.
            if (versions is null)
            {
                versions = new ulong[statuses.Count];
                Array.Fill(versions, body.Stamp);
            }

            Array.Resize(ref versions, statuses.Count);
            versions[^1] = version;
        }

        LateRules.KillFiltered(rows, body);
        return Outcome(CollectionsMarshal.AsSpan(statuses), versions, body.Stamp);
    }

    /// <summary>Whether every vector fits the space that it names; a space stands at most once.</summary>
    public static bool FitsSpaces(Slice slice, EncodedChunk chunk)
    {
        var reader = new PayloadReader(chunk.Vectors);
        ulong seen = 0;
        for (var i = 0; i < chunk.VectorCount; i++)
        {
            var vector = EncodedVector.Read(ref reader);
            var at = IndexOfSpace(slice, vector.Space);
            if (at < 0 || (seen >> at & 1) != 0)
                return false;
            seen |= 1UL << at;
            var removes = vector.Values.IsEmpty && chunk.Fields != ChunkFields.All;
            if (!removes && vector.Values.Length != slice.Spaces[at].Settings.Dimension)
                return false;
        }

        return true;
    }

    public static MutationOutcome Outcome(ReadOnlySpan<byte> statuses, ulong[]? versions, ulong stamp)
    {
        var uniform = statuses.IsEmpty || statuses.IndexOfAnyExcept(statuses[0]) < 0;
        return new MutationOutcome
        {
            Kind = OutcomeKind.Applied, Stamp = stamp, Versions = versions,
            Uniform = statuses.IsEmpty ? (byte)0 : statuses[0], Statuses = uniform ? null : statuses.ToArray(),
        };
    }

    private static (ChunkWriteStatus Status, ulong Version) Write(
        RowWriter rows, EncodedChunk chunk, RecordBody body, bool refines)
    {
        var stamp = body.Stamp;
        var slice = rows.Slice;
        var former = rows.FindAlive(chunk.DocumentId, chunk.ChunkId);
        var version = former < 0 ? 0 : slice.Rows.Columns.Versions[former];
        if (LateRules.IsOutdated(rows, body, chunk.DocumentId, chunk.ChunkId, former))
            return (ChunkWriteStatus.PreconditionFailed, version);
        if (!chunk.Precondition.Holds(version == 0 ? default : PackedStamp.Unpack(version)))
            return (ChunkWriteStatus.PreconditionFailed, version);
        if (former < 0 && chunk.Fields != ChunkFields.All)
            return (ChunkWriteStatus.NotFound, 0);
        if (!FitsSpaces(slice, chunk))
            return (ChunkWriteStatus.Invalid, version);
        if (refines && !IsRefinable(slice, chunk, former))
            return (ChunkWriteStatus.PreconditionFailed, version);

        if (refines)
            stamp = version;
        var document = former < 0 ? rows.GetDocument(chunk.DocumentId) : slice.Rows.Columns.Documents[former];
        var row = chunk.Fields == ChunkFields.All
            ? CreateWhole(rows, chunk, document, stamp)
            : CreatePatched(rows, chunk, former, document, stamp);
        if (former >= 0)
            rows.Kill(former);
        rows.Bear(row, document);
        return (former < 0 ? ChunkWriteStatus.Created : ChunkWriteStatus.Updated, stamp);
    }

    /// <summary>A new row with everything that a whole write brings.</summary>
    public static int CreateWhole(RowWriter rows, EncodedChunk chunk, int document, ulong stamp)
    {
        var slice = rows.Slice;
        var content = chunk.Content.IsEmpty ? 0 : rows.Contents.Append(slice.Id, chunk.Content);
        var row = rows.Create(chunk.DocumentId, chunk.ChunkId, document, content, stamp);
        var parts = ContentCodec.Split(chunk.Content);
        slice.Metadata.Set(row, parts.Metadata);
        rows.AddText(row, parts);
        rows.AddSparse(row, parts);
        AddVectors(rows, chunk, row);
        return row;
    }

    // Another replica may have been first, or a caller has sent a vector in the same batch of records.
    private static bool IsRefinable(Slice slice, EncodedChunk chunk, int former)
    {
        var reader = new PayloadReader(chunk.Vectors);
        for (var i = 0; i < chunk.VectorCount; i++)
        {
            var space = slice.FindSpace(EncodedVector.Read(ref reader).Space)!;
            if (former < 0 || (space.Has(former) && space.EncoderOf(former) != VectorEncoder.Lookup))
                return false;
        }

        return chunk.Fields == ChunkFields.Vectors;
    }

    private static int CreatePatched(RowWriter rows, EncodedChunk chunk, int former, int document, ulong stamp)
    {
        var slice = rows.Slice;
        var content = slice.Rows.Columns.Contents[former];
        using var merged = new PayloadWriter();
        if ((chunk.Fields & ContentCodec.Fields) != 0)
        {
            MergeContent(rows, chunk, content, merged);
            content = merged.Length == 0 ? 0 : rows.Contents.Append(slice.Id, merged.WrittenSpan);
        }

        var row = rows.Create(chunk.DocumentId, chunk.ChunkId, document, content, stamp);
        var parts = ContentCodec.Split(merged.WrittenSpan);
        // What leaves the text as it is needs neither the text nor its analysis.
        if ((chunk.Fields & (ChunkFields.Text | ChunkFields.Attributes)) != 0)
            rows.AddText(row, parts);
        else
            rows.CopyText(former, row);
        if ((chunk.Fields & ChunkFields.SparseVector) != 0)
            rows.AddSparse(row, parts);
        else
            slice.Sparse?.Copy(former, row);
        if ((chunk.Fields & ChunkFields.Metadata) != 0)
            slice.Metadata.Set(row, parts.Metadata);
        else
            slice.Metadata.Copy(former, row);

        foreach (var space in slice.Spaces)
        {
            if (space.Has(former) && !Names(chunk, space.Name))
                rows.CopyVector(former, row, space);
        }

        AddVectors(rows, chunk, row);
        return row;
    }

    // The content after a patch; the former one where it patches none of it.
    private static void MergeContent(RowWriter rows, EncodedChunk chunk, ulong former, PayloadWriter merged)
    {
        using var before = new PayloadWriter();
        if (former != 0 && (chunk.Fields & ContentCodec.Fields) != ContentCodec.Fields)
            rows.Contents.Read(rows.Slice.Id, former, before);
        ContentCodec.Merge(merged, before.WrittenSpan, chunk.Content, chunk.Fields);
    }

    private static void AddVectors(RowWriter rows, EncodedChunk chunk, int row)
    {
        var reader = new PayloadReader(chunk.Vectors);
        for (var i = 0; i < chunk.VectorCount; i++)
        {
            var vector = EncodedVector.Read(ref reader);
            if (!vector.Values.IsEmpty)
                rows.AddVector(row, rows.Slice.FindSpace(vector.Space)!, vector.Encoder, vector.Values);
        }
    }

    private static bool Names(EncodedChunk chunk, ReadOnlySpan<byte> space)
    {
        var reader = new PayloadReader(chunk.Vectors);
        for (var i = 0; i < chunk.VectorCount; i++)
        {
            if (EncodedVector.Read(ref reader).Space.SequenceEqual(space))
                return true;
        }

        return false;
    }

    private static int IndexOfSpace(Slice slice, ReadOnlySpan<byte> name)
    {
        var spaces = slice.Spaces;
        for (var i = 0; i < spaces.Length; i++)
        {
            if (name.SequenceEqual(spaces[i].Name))
                return i;
        }

        return -1;
    }
}
