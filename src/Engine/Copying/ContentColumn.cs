using System.Numerics;
using Rag.Engine.Slices;
using Rag.Engine.Storage;

namespace Rag.Engine;

/// <summary>Where a snapshot's rows have their texts and metadata: the places alone, without loading the slice.</summary>
internal static class ContentColumn
{
    /// <summary>Rows that have content, in rising order, with its packed place in the chunk log.</summary>
    /// <exception cref="InvalidDataException">The section is malformed.</exception>
    public static List<(int Row, ulong Content)> Read(SnapshotReader file)
    {
        using var stream = file.OpenSection(SnapshotSections.Rows);
        var limit = SectionStream.ReadInt32(stream);
        if (limit < 0 || limit / 8L > file.LengthOf(SnapshotSections.Rows))
            throw SectionStream.Malformed();
        var present = new ulong[(limit + 63) >> 6];
        var staged = new ulong[present.Length];
        SectionStream.ReadArray(stream, present.AsSpan());
        SectionStream.ReadArray(stream, staged.AsSpan());
        var count = 0;
        for (var i = 0; i < present.Length; i++)
            count += BitOperations.PopCount(present[i] |= staged[i]);
        var column = new ulong[count];
        // The versions stand before the places.
        SectionStream.ReadArray(stream, column.AsSpan());
        SectionStream.ReadArray(stream, column.AsSpan());
        var places = new List<(int, ulong)>(count);
        var at = 0;
        for (var row = 0; row < limit; row++)
        {
            if ((present[row >> 6] >> row & 1) != 0 && column[at++] is var content and not 0)
                places.Add((row, content));
        }

        return places;
    }
}
