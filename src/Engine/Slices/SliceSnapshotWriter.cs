using System.Buffers.Binary;
using Rag.Engine.Mutations;
using Rag.Engine.Storage;

namespace Rag.Engine.Slices;

/// <summary>
/// Writes a cut of a slice into a snapshot file. Runs beside the writer and readers of the slice, and is itself a
/// reader that stays inside the epoch from before the cut until the end.
/// </summary>
internal static class SliceSnapshotWriter
{
    private const int RowsAtATime = 4096;

    public static void Write(SnapshotCut cut, SnapshotWriter file)
    {
        Section(file, SnapshotSections.Summary, stream => WriteSummary(stream, cut));
        Section(file, SnapshotSections.Rows, stream => WriteRows(stream, cut));
        Section(file, SnapshotSections.Documents, stream => WriteDocuments(stream, cut));
        Section(file, SnapshotSections.Recent, stream => WriteRecent(stream, cut));
        if (cut.Tombstones is { } tombstones)
            Section(file, SnapshotSections.Tombstones, stream => stream.Write(tombstones));
        Section(file, SnapshotSections.Metadata, stream => MetadataSection.Write(stream, cut));
        Section(file, SnapshotSections.Text, cut.Text.Write);
        if (cut.Sparse is { } sparse)
            Section(file, SnapshotSections.Sparse, sparse.Save);
        for (var i = 0; i < cut.Spaces.Length; i++)
        {
            var space = cut.Spaces[i];
            Section(file, SnapshotSections.Tags(i), stream => WriteColumn(stream, cut, space.Tag));
            if (!space.Index.IsMappable(cut.RowLimit))
                Section(file, SnapshotSections.Index(i), stream => space.Index.Save(stream, cut.RowLimit));
        }

        MappedSection(file, SnapshotSections.Keys, stream => WriteKeys(stream, cut));
        for (var i = 0; i < cut.Spaces.Length; i++)
        {
            var index = cut.Spaces[i].Index;
            var rows = index.Rows;
            if (!file.Has(SnapshotSections.Index(i)))
                MappedSection(file, SnapshotSections.Index(i), stream => index.Save(stream, cut.RowLimit));
            MappedSection(file, SnapshotSections.Vectors(i), stream => rows.WriteTo(stream, cut.RowLimit));
        }
    }

    /// <summary>Offsets of the present rows' keys in their section, in order.</summary>
    public static IEnumerable<(int Row, long Offset)> KeyOffsets(SnapshotCut cut)
    {
        var offset = 0L;
        for (var row = 0; row < cut.RowLimit; row++)
        {
            if (!cut.IsPresent(row))
                continue;
            yield return (row, offset);
            offset += 2 + cut.Slice.Keys.ReadEntry(cut.Columns.Keys[row]).Length;
        }
    }

    private static void Section(SnapshotWriter file, string name, Action<Stream> write)
    {
        using var stream = file.BeginSection(name);
        write(stream);
    }

    private static void MappedSection(SnapshotWriter file, string name, Action<Stream> write)
    {
        using var stream = file.BeginMappedSection(name);
        write(stream);
    }

    private static void WriteSummary(Stream stream, SnapshotCut cut)
    {
        using var part = new PayloadWriter(512);
        part.Byte(SnapshotSections.FormatVersion);
        part.UInt64(cut.Stamp);
        part.Bytes(SettingsCodec.ToBytes(cut.Settings));
        part.Int64(cut.ContentBytes);
        part.Int64(cut.VisibleChunks);
        part.Int64(cut.OldestStagedMs);
        part.VarInt(cut.Vectors.Length);
        foreach (var space in cut.Vectors)
        {
            part.Text(space.Space);
            part.Int64(space.Full);
            part.Int64(space.Lookup);
            part.Int64(space.Client);
        }

        SectionStream.WritePart(stream, part);
    }

    private static void WriteRows(Stream stream, SnapshotCut cut)
    {
        SectionStream.WriteInt32(stream, cut.RowLimit);
        SectionStream.WriteArray<ulong>(stream, cut.Alive);
        SectionStream.WriteArray<ulong>(stream, cut.Staged);
        WriteColumn(stream, cut, row => cut.Columns.Versions[row]);
        WriteColumn(stream, cut, row => cut.Columns.Contents[row]);
        var offsets = KeyOffsets(cut).GetEnumerator();
        WriteColumn(stream, cut, _ => offsets.MoveNext() ? offsets.Current.Offset : 0);
        WriteColumn(stream, cut, row =>
        {
            var key = cut.Slice.Keys.Read(cut.Columns.Keys[row]);
            return Fingerprint.Of(key.DocumentId, key.ChunkId);
        });
        var numbers = new Dictionary<int, int>(cut.Documents.Count);
        foreach (var document in cut.Documents)
            numbers.Add(document.Document, numbers.Count);
        WriteColumn(stream, cut, row => numbers[cut.DocumentOfRow[row]]);
    }

    private static void WriteDocuments(Stream stream, SnapshotCut cut)
    {
        using var part = new PayloadWriter(4096);
        part.VarInt(cut.Documents.Count);
        foreach (var document in cut.Documents)
        {
            part.UInt32(document.Fingerprint);
            part.Byte(document.State is null ? (byte)0 : (byte)1);
            if (document.State is not { } state)
                continue;
            part.Bytes(state.Id);
            part.Guid(state.Generation);
            part.UInt64(state.Version);
            part.VarInt(document.Staged.Length);
            foreach (var staged in document.Staged)
            {
                part.Guid(staged.Generation);
                part.Int64(staged.BeganMs);
                part.VarInt(staged.Rows.Count);
                foreach (var row in staged.Rows)
                    part.VarInt(row);
            }
        }

        SectionStream.WritePart(stream, part);
    }

    private static void WriteRecent(Stream stream, SnapshotCut cut)
    {
        using var part = new PayloadWriter(4096);
        part.Int64(cut.ClockMs);
        part.VarInt(cut.Recent.Length);
        foreach (var (acceptedMs, id, outcome) in cut.Recent)
        {
            part.Int64(acceptedMs);
            part.Guid(id);
            outcome.Write(part);
        }

        SectionStream.WritePart(stream, part);
    }

    private static void WriteKeys(Stream stream, SnapshotCut cut)
    {
        Span<byte> length = stackalloc byte[2];
        for (var row = 0; row < cut.RowLimit; row++)
        {
            if (!cut.IsPresent(row))
                continue;
            var entry = cut.Slice.Keys.ReadEntry(cut.Columns.Keys[row]);
            BinaryPrimitives.WriteUInt16LittleEndian(length, (ushort)entry.Length);
            stream.Write(length);
            stream.Write(entry);
        }
    }

    // Values of the present rows, in order.
    private static void WriteColumn<T>(Stream stream, SnapshotCut cut, Func<int, T> value)
        where T : unmanaged
    {
        var values = new T[Math.Min(RowsAtATime, Math.Max(1, cut.RowLimit))];
        var count = 0;
        for (var row = 0; row < cut.RowLimit; row++)
        {
            if (!cut.IsPresent(row))
                continue;
            values[count++] = value(row);
            if (count < values.Length)
                continue;
            SectionStream.WriteArray<T>(stream, values);
            count = 0;
        }

        SectionStream.WriteArray<T>(stream, values.AsSpan(0, count));
    }
}
