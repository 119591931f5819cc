using Rag.Engine.Indexing;

namespace Rag.Engine.Slices;

/// <summary>Which chunks could have better vectors: by counts over all slices, by tags of rows within one.</summary>
internal static class UnrefinedReads
{
    // A page ends after so many rows that lack something but have no text: readers leave the epoch in between.
    private const int MaxLooked = 4096;

    public static List<SliceVectors> List(SliceCatalog catalog)
    {
        var slices = new List<SliceVectors>();
        foreach (var entry in catalog.Entries)
        {
            if (entry.IsDeleted || entry.QuarantineReason is not null)
                continue;
            var stamp = PackedStamp.Unpack(entry.Stamp);
            if (entry.Loaded is { } slice)
            {
                if (LacksAny(slice))
                {
                    slices.Add(new SliceVectors(entry.Id, PackedStamp.Unpack(slice.Stamp), slice.PublishedChunks,
                        slice.VectorCounts(), IsLoaded: true));
                }
            }
            else if (entry.SleepingVectors is { Chunks: > 0 } asleep && LacksAny(asleep))
            {
                slices.Add(new SliceVectors(entry.Id, stamp, asleep.Chunks, asleep.Spaces, IsLoaded: false));
            }
        }

        return slices;
    }

    /// <summary>Inside the epoch.</summary>
    public static UnrefinedPage Read(
        Slice slice, string spaceName, VectorGap gap, int from, int most, ChunkReader reader)
    {
        var space = slice.FindSpace(spaceName) ?? throw StoreErrors.NoSpace(spaceName);
        var at = slice.Visible;
        var columns = slice.Rows.Columns;
        var limit = Math.Min(slice.Rows.Limit, columns.Capacity);
        var tag = gap == VectorGap.Lookup ? (byte)((byte)VectorEncoder.Lookup + 1) : (byte)0;
        var chunks = new List<UnrefinedChunk>();
        var row = from;
        for (var looked = 0; looked < MaxLooked && chunks.Count < most; row++)
        {
            row = space.FindTag(tag, row, limit);
            if (row >= limit)
                return new UnrefinedPage(chunks, -1);
            if (!RowStamps.IsVisible(columns.Stamps[row], at))
                continue;
            looked++;
            var chunk = reader.ReadChunk(slice, columns, row, ReturnFields.Text);
            if (!string.IsNullOrEmpty(chunk.Text))
                chunks.Add(new UnrefinedChunk(chunk.Key, chunk.Version, chunk.Text));
        }

        return new UnrefinedPage(chunks, row);
    }

    private static bool LacksAny(Slice slice)
    {
        foreach (var space in slice.Spaces)
        {
            if (space.VisibleCount(VectorEncoder.Lookup) > 0
                || space.VisibleCounts().Total < slice.PublishedChunks)
                return true;
        }

        return false;
    }

    private static bool LacksAny(SleepingVectors slice)
    {
        foreach (var space in slice.Spaces)
        {
            if (space.Lookup > 0 || space.Total < slice.Chunks)
                return true;
        }

        return slice.Spaces.Length == 0;
    }
}
