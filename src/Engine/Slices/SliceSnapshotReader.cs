using System.Numerics;
using Rag.Engine.Indexing;
using Rag.Engine.Mutations;
using Rag.Engine.Rows;
using Rag.Engine.Sparse;
using Rag.Engine.Storage;

namespace Rag.Engine.Slices;

/// <summary>Makes a slice from its snapshot: everything but keys and full vectors is read, those are mapped.</summary>
internal static class SliceSnapshotReader
{
    // Keys below this size are read into memory instead of being mapped.
    private const int LoadedKeysBytes = 64 * 1024;
    private const int RowsAtATime = 4096;

    /// <summary>Apply number of everything that is alive in a loaded snapshot.</summary>
    private const uint FirstVisible = 1;

    /// <param name="place">Gives rows other places of their contents, before any of these is read; null: none.</param>
    /// <exception cref="InvalidDataException">A section is malformed.</exception>
    /// <exception cref="CorruptDataException">A section is damaged.</exception>
    public static Slice Read(SnapshotReader file, SliceId id, EpochGuard guard, TimeSpan mutationIdLifetime,
        ChunkContents contents, Action<RowColumns, IRowPresence>? place = null)
    {
        var summary = ReadSummary(file, id);
        var settings = SettingsCodec.Read(summary.Settings);
        var slice = new Slice(id, settings with { Spaces = [] }, guard, mutationIdLifetime,
            (int)Math.Min(summary.VisibleChunks, int.MaxValue))
        {
            Settings = settings,
        };
        try
        {
            var presence = ReadRows(file, slice, out var documentOfRow);
            place?.Invoke(slice.Rows.Columns, presence);
            ReadDocuments(file, slice, presence, documentOfRow);
            ReadRecent(file, slice);
            ReadTombstones(file, slice);
            using (var metadata = file.OpenSection(SnapshotSections.Metadata))
                MetadataSection.Read(metadata, slice, presence.RowLimit);
            slice.Metadata.Settle(presence.RowLimit - 1);
            for (var i = 0; i < settings.Spaces.Count; i++)
                slice.AddSpace(ReadSpace(file, settings.Spaces[i], i, id, presence));
            slice.Text = ReadText(file, slice, presence, contents);
            slice.Sparse = ReadSparse(file, presence);
            CountVisible(slice, presence);
            slice.ContentBytes = summary.ContentBytes;
            slice.Publish(FirstVisible, summary.Stamp);
            return slice;
        }
        catch
        {
            slice.Dispose();
            throw;
        }
    }

    /// <summary>What is needed of a slice that is asleep.</summary>
    public static SliceSummary ReadSummary(SnapshotReader file, SliceId id)
    {
        using var stream = file.OpenSection(SnapshotSections.Summary);
        var reader = new PayloadReader(SectionStream.ReadPart(stream));
        if (reader.Byte() is var format and not SnapshotSections.FormatVersion)
            throw new InvalidDataException(
                $"The snapshot's content has format {format}; {SnapshotSections.FormatVersion} is known here.");
        var stamp = reader.UInt64();
        var settings = reader.Bytes().ToArray();
        if (SettingsCodec.Read(settings).Uid != id.WorkspaceUid)
            throw new InvalidDataException("The snapshot holds the settings of another workspace.");
        var (contentBytes, visibleChunks, oldestStagedMs) = (reader.Int64(), reader.Int64(), reader.Int64());
        // Snapshots of a time before vectors were counted end here.
        var vectors = new SpaceVectorCounts[reader.Remaining > 0 ? reader.Count(25) : 0];
        for (var i = 0; i < vectors.Length; i++)
            vectors[i] = new SpaceVectorCounts(reader.Text(), reader.Int64(), reader.Int64(), reader.Int64());
        return new SliceSummary(stamp, settings, contentBytes, visibleChunks, oldestStagedMs, vectors);
    }

    /// <summary>The keys of a snapshot: mapped, or in memory if there are few.</summary>
    public static IKeySegment OpenKeys(SnapshotReader file)
    {
        var length = file.LengthOf(SnapshotSections.Keys);
        if (length > LoadedKeysBytes)
            return new MappedKeys(file.Map(SnapshotSections.Keys));
        using var stream = file.OpenSection(SnapshotSections.Keys);
        var bytes = new byte[length];
        SectionStream.ReadArray<byte>(stream, bytes);
        return new LoadedKeys(bytes);
    }

    private static RowPresence ReadRows(SnapshotReader file, Slice slice, out int[] documentOfRow)
    {
        using var stream = file.OpenSection(SnapshotSections.Rows);
        var limit = SectionStream.ReadInt32(stream);
        // Two bits for each row at least stand in the section, so its length bounds what is allocated.
        if (limit < 0 || limit / 8L > file.LengthOf(SnapshotSections.Rows))
            throw SectionStream.Malformed();
        var presence = new RowPresence(limit);
        SectionStream.ReadArray(stream, presence.Alive.AsSpan());
        SectionStream.ReadArray(stream, presence.Staged.AsSpan());
        presence.Check();
        slice.Rows.Load(limit);
        var columns = slice.Rows.Columns;
        ReadColumn<ulong>(stream, presence, (row, value) => columns.Versions[row] = value);
        ReadColumn<ulong>(stream, presence, (row, value) => columns.Contents[row] = value);
        var keys = OpenKeys(file);
        var length = file.LengthOf(SnapshotSections.Keys);
        var segment = slice.Keys.Place(keys);
        ReadColumn<long>(stream, presence, (row, value) => columns.Keys[row] =
            value >= 0 && value <= length - 4 ? KeyStore.Location(segment, value) : throw SectionStream.Malformed());
        ReadColumn<uint>(stream, presence, (row, value) => slice.KeyIndex.Add(value, row));
        var documents = new int[limit];
        ReadColumn<int>(stream, presence, (row, value) => documents[row] = value);
        documentOfRow = documents;
        for (var row = limit - 1; row >= 0; row--)
        {
            if (!presence.IsPresent(row))
                slice.Rows.Free(row);
        }

        return presence;
    }

    private static void ReadDocuments(SnapshotReader file, Slice slice, RowPresence presence, int[] documentOfRow)
    {
        using var stream = file.OpenSection(SnapshotSections.Documents);
        var reader = new PayloadReader(SectionStream.ReadPart(stream));
        var count = reader.Count(5);
        slice.Documents.Expect(count);
        for (var i = 0; i < count; i++)
        {
            var document = slice.Documents.Add(reader.UInt32());
            if (reader.Byte() == 0)
                continue;
            var state = new DocumentState
            {
                Id = reader.Bytes().ToArray(), Generation = reader.Guid(), Version = reader.UInt64(),
            };
            slice.Documents.SetState(document, state);
            for (var left = reader.Count(25); left > 0; left--)
                state.Staged.Add(ReadStaged(ref reader, presence));
            if (state.Staged.Count > 0)
                slice.DocumentsWithStaged.Add(document);
        }

        reader.ExpectEnd();
        var columns = slice.Rows.Columns;
        for (var row = 0; row < presence.RowLimit; row++)
        {
            if (!presence.IsPresent(row))
                continue;
            if ((uint)documentOfRow[row] >= (uint)count)
                throw SectionStream.Malformed();
            if (!presence.IsAlive(row))
            {
                RowLinks.Detach(slice, row, documentOfRow[row]);
                continue;
            }

            RowLinks.Link(slice, row, documentOfRow[row]);
            columns.Stamps[row] = RowStamps.Born(FirstVisible);
        }
    }

    private static StagedGeneration ReadStaged(ref PayloadReader reader, RowPresence presence)
    {
        var staged = new StagedGeneration(reader.Guid(), reader.Int64());
        for (var left = reader.Count(); left > 0; left--)
        {
            var row = reader.Int32(int.MaxValue);
            if (row >= presence.RowLimit || !presence.IsStaged(row) || !staged.Rows.Add(row))
                throw SectionStream.Malformed();
        }

        return staged;
    }

    private static void ReadRecent(SnapshotReader file, Slice slice)
    {
        using var stream = file.OpenSection(SnapshotSections.Recent);
        var reader = new PayloadReader(SectionStream.ReadPart(stream));
        var clockMs = reader.Int64();
        for (var left = reader.Count(40); left > 0; left--)
        {
            var acceptedMs = reader.Int64();
            var id = reader.Guid();
            slice.Recent.Add(id, acceptedMs, MutationOutcome.Read(ref reader));
        }

        reader.ExpectEnd();
        slice.Recent.Advance(clockMs);
    }

    private static void ReadTombstones(SnapshotReader file, Slice slice)
    {
        if (!file.Has(SnapshotSections.Tombstones))
            return;
        using var stream = file.OpenSection(SnapshotSections.Tombstones);
        var bytes = new byte[file.LengthOf(SnapshotSections.Tombstones)];
        SectionStream.ReadArray<byte>(stream, bytes);
        slice.Tombstones.Read(bytes);
    }

    private static VectorSpace ReadSpace(
        SnapshotReader file, VectorSpaceSettings settings, int number, SliceId slice, RowPresence presence)
    {
        var tags = new byte[presence.RowLimit];
        using (var stream = file.OpenSection(SnapshotSections.Tags(number)))
        {
            ReadColumn<byte>(stream, presence, (row, tag) =>
                tags[row] = tag <= (byte)VectorEncoder.Lookup + 1 ? tag : throw SectionStream.Malformed());
        }

        var rows = new VectorRows(settings.Dimension);
        try
        {
            var bytes = (long)presence.RowLimit * settings.Dimension * sizeof(float);
            if (file.LengthOf(SnapshotSections.Vectors(number)) != bytes)
                throw SectionStream.Malformed();
            // An index that is read where it lies says that the space is small.
            var vectors = SnapshotSections.Vectors(number);
            if (presence.RowLimit > 0)
                rows.Attach(new MappedRows(file.Map(vectors, file.IsMapped(SnapshotSections.Index(number))), settings.Dimension),
                    presence.RowLimit);
            var options = VectorSpace.OptionsOf(settings, slice);
            return new VectorSpace(settings, ReadIndex(file, number, options, rows, new TaggedRows(presence, tags)), tags);
        }
        catch
        {
            rows.Dispose();
            throw;
        }
    }

    private static VectorIndex ReadIndex(
        SnapshotReader file, int number, VectorIndexOptions options, VectorRows rows, TaggedRows present)
    {
        var name = SnapshotSections.Index(number);
        if (file.IsMapped(name))
            return VectorIndex.Load(new MappedIndex(file.Map(name, isSmall: true)), options, rows, present);
        using var stream = file.OpenSection(name);
        return VectorIndex.Load(stream, options, rows, present);
    }

    private static void CountVisible(Slice slice, RowPresence presence)
    {
        var columns = slice.Rows.Columns;
        for (var row = 0; row < presence.RowLimit; row++)
        {
            if (!presence.IsAlive(row))
                continue;
            slice.VisibleChunks++;
            if (++slice.Documents.LiveRows(columns.Documents[row]) == 1)
                slice.VisibleDocuments++;
            slice.ShowTerms(row);
            foreach (var space in slice.Spaces)
                space.Count(row, +1);
        }

        slice.FlushTerms();
    }

    // A snapshot of a time before texts were indexed, or under other rules of analysis: the chunk log has the texts.
    private static SliceText ReadText(
        SnapshotReader file, Slice slice, RowPresence presence, ChunkContents contents)
    {
        var analysis = Slice.AnalysisOf(slice.Settings);
        if (file.Has(SnapshotSections.Text))
        {
            using var stream = file.OpenSection(SnapshotSections.Text);
            if (SliceText.Read(stream, analysis, presence) is { } known)
                return known;
        }

        var text = new SliceText(analysis);
        using var feeder = new TextFeeder(text, contents.AttributeText);
        using var content = new PayloadWriter(4096);
        for (var row = 0; row < presence.RowLimit; row++)
        {
            if (!presence.IsPresent(row))
                continue;
            content.TruncateTo(0);
            contents.Read(slice.Id, slice.Rows.Columns.Contents[row], content);
            feeder.Add(row, ContentCodec.Split(content.WrittenSpan));
        }

        return text;
    }

    private static SparseIndex? ReadSparse(SnapshotReader file, RowPresence presence)
    {
        if (!file.Has(SnapshotSections.Sparse))
            return null;
        using var stream = file.OpenSection(SnapshotSections.Sparse);
        var index = SparseIndex.Load(stream, new SparseIndexOptions(), presence);
        // Where every vector was deleted nothing need be kept for more.
        return index.Count > 0 ? index : null;
    }

    private static void ReadColumn<T>(Stream stream, RowPresence presence, Action<int, T> set)
        where T : unmanaged
    {
        var values = new T[Math.Min(RowsAtATime, Math.Max(1, presence.Count))];
        var (read, used, left) = (0, 0, presence.Count);
        for (var row = 0; row < presence.RowLimit; row++)
        {
            if (!presence.IsPresent(row))
                continue;
            if (used == read)
            {
                read = Math.Min(values.Length, left);
                SectionStream.ReadArray(stream, values.AsSpan(0, read));
                left -= read;
                used = 0;
            }

            set(row, values[used++]);
        }
    }

    /// <summary>Which rows a snapshot holds.</summary>
    private sealed class RowPresence(int rowLimit) : IRowPresence
    {
        public int RowLimit => rowLimit;

        public ulong[] Alive { get; } = new ulong[(rowLimit + 63) >> 6];

        public ulong[] Staged { get; } = new ulong[(rowLimit + 63) >> 6];

        public int Count { get; private set; }

        public bool IsAlive(int row) => (Alive[row >> 6] >> row & 1) != 0;

        public bool IsStaged(int row) => (Staged[row >> 6] >> row & 1) != 0;

        public bool IsPresent(int row) => (uint)row < (uint)rowLimit && (IsAlive(row) || IsStaged(row));

        public void Check()
        {
            for (var i = 0; i < Alive.Length; i++)
            {
                var both = Alive[i] | Staged[i];
                var beyond = i == Alive.Length - 1 && (rowLimit & 63) != 0 ? ulong.MaxValue << (rowLimit & 63) : 0;
                if ((Alive[i] & Staged[i]) != 0 || (both & beyond) != 0)
                    throw SectionStream.Malformed();
                Count += BitOperations.PopCount(both);
            }
        }
    }

    /// <summary>The rows of a snapshot that have a vector in one space.</summary>
    private sealed class TaggedRows(RowPresence presence, byte[] tags) : IRowPresence
    {
        public bool IsPresent(int row) =>
            (uint)row < (uint)presence.RowLimit && presence.IsPresent(row) && tags[row] != 0;
    }
}

/// <summary>The small part of a snapshot that stands in for a slice that is asleep.</summary>
/// <param name="Stamp">Position of the last record, packed.</param>
/// <param name="Settings">The settings, encoded.</param>
/// <param name="ContentBytes">Bytes of living content in the chunk log.</param>
/// <param name="VisibleChunks">Chunks that searches see.</param>
/// <param name="OldestStagedMs">When the oldest staged generation began; long.MaxValue if there is none.</param>
/// <param name="Vectors">Vectors of visible chunks by space; empty if that is not known.</param>
internal readonly record struct SliceSummary(
    ulong Stamp, byte[] Settings, long ContentBytes, long VisibleChunks, long OldestStagedMs,
    SpaceVectorCounts[] Vectors);

/// <summary>What a slice that is asleep holds.</summary>
internal sealed record SleepingVectors(long Chunks, SpaceVectorCounts[] Spaces);
