using Rag.Engine.Mutations;
using Rag.Engine.Sparse;

namespace Rag.Engine.Slices;

/// <summary>
/// What a snapshot holds, fixed under the slice's lock in a time that grows with the rows by nanoseconds each. Rows
/// that are present stay as they are while the snapshotter, a reader, is inside the epoch; what may change is copied.
/// </summary>
internal sealed class SnapshotCut
{
    private SnapshotCut(Slice slice)
    {
        Slice = slice;
        Stamp = slice.Stamp;
        Settings = slice.Settings;
        Text = slice.Text;
        Sparse = slice.Sparse;
        // In the order of the settings, by which a reader finds the sections.
        Spaces = [.. Settings.Spaces.Select(space => slice.FindSpace(space.Name)!)];
        Vectors = [.. Spaces.Select(space => space.VisibleCounts())];
        RowLimit = slice.Rows.Limit;
        Columns = slice.Rows.Columns;
        Alive = new ulong[(RowLimit + 63) >> 6];
        Staged = new ulong[(RowLimit + 63) >> 6];
        DocumentOfRow = Columns.Documents.AsSpan(0, RowLimit).ToArray();
        ContentBytes = slice.ContentBytes;
        VisibleChunks = slice.VisibleChunks;
        Recent = slice.Recent.List();
        ClockMs = slice.Recent.ClockMs;
        Tombstones = slice.Tombstones.IsEmpty ? null : slice.Tombstones.ToBytes();
        Documents = new List<CutDocument>(slice.Documents.Count);
    }

    public Slice Slice { get; }

    public ulong Stamp { get; }

    public WorkspaceSettings Settings { get; }

    public SliceText Text { get; }

    /// <summary>Null where there are no sparse vectors.</summary>
    public SparseIndex? Sparse { get; }

    public VectorSpace[] Spaces { get; }

    /// <summary>Vectors of visible chunks by space.</summary>
    public SpaceVectorCounts[] Vectors { get; }

    public int RowLimit { get; }

    public RowColumns Columns { get; }

    /// <summary>Bits of the rows that are born and not dead.</summary>
    public ulong[] Alive { get; }

    /// <summary>Bits of the rows that are staged.</summary>
    public ulong[] Staged { get; }

    /// <summary>Documents' ordinals by row.</summary>
    public int[] DocumentOfRow { get; }

    public long ContentBytes { get; }

    public long VisibleChunks { get; }

    public (long AcceptedMs, Guid Id, MutationOutcome Outcome)[] Recent { get; }

    public long ClockMs { get; }

    /// <summary>Encoded; null where there are none.</summary>
    public byte[]? Tombstones { get; }

    public List<CutDocument> Documents { get; }

    public long OldestStagedMs { get; private set; } = long.MaxValue;

    /// <summary>Under the slice's lock, by a caller that is inside the epoch.</summary>
    public static SnapshotCut Take(Slice slice)
    {
        var cut = new SnapshotCut(slice);
        for (var row = 0; row < cut.RowLimit; row++)
        {
            if (RowStamps.IsAlive(cut.Columns.Stamps[row]))
                cut.Alive[row >> 6] |= 1UL << row;
        }

        foreach (var document in slice.DocumentsWithStaged)
        {
            foreach (var staged in slice.Documents.State(document)!.Staged)
            {
                cut.OldestStagedMs = Math.Min(cut.OldestStagedMs, staged.BeganMs);
                foreach (var row in staged.Rows)
                    cut.Staged[row >> 6] |= 1UL << row;
            }
        }

        cut.CopyDocuments();
        slice.Keys.MarkCut();
        foreach (var space in cut.Spaces)
            space.Index.Rows.MarkCut();
        return cut;
    }

    public bool IsPresent(int row) => ((Alive[row >> 6] | Staged[row >> 6]) >> row & 1) != 0;

    // Documents that have a present row or a state; the others are only remembered for rows that are dead.
    private void CopyDocuments()
    {
        var needed = new bool[Slice.Documents.Limit];
        for (var row = 0; row < RowLimit; row++)
        {
            if (IsPresent(row))
                needed[DocumentOfRow[row]] = true;
        }

        for (var document = 0; document < needed.Length; document++)
        {
            var state = Slice.Documents.State(document);
            if (!needed[document] && state is null)
                continue;
            var staged = state is null or { Staged.Count: 0 }
                ? []
                : state.Staged.Select(one => new StagedGeneration(one.Generation, one.BeganMs) { Rows = [.. one.Rows] })
                    .ToArray();
            Documents.Add(new CutDocument(document, Slice.Documents.FingerprintOf(document), state, staged));
        }
    }
}

/// <summary>A document as of a cut.</summary>
internal readonly record struct CutDocument(int Document, uint Fingerprint, DocumentState? State,
    StagedGeneration[] Staged);
