using Rag.Engine.Filters;
using Rag.Engine.Indexing;
using Rag.Engine.Sparse;
using Rag.Engine.Storage;

namespace Rag.Engine.Slices;

/// <summary>
/// One workspace's data in one partition, in memory. One writer at a time (the apply loop or maintenance, under the
/// lock of the slice's <see cref="SliceEntry"/>); readers inside the epoch, without locks.
/// </summary>
/// <remarks>
/// Every search sees the rows that are visible at <see cref="Visible"/>, which it reads once; applying a batch of
/// records makes rows and kills rows at the next number, and then publishes it. So a batch, and with it a document's
/// commit, is seen as a whole or not at all.
/// </remarks>
internal sealed class Slice
{
    private VectorSpace[] _spaces = [];
    private WorkspaceSettings _settings;
    private uint _visible;
    private long _visibleChunks;
    private long _visibleDocuments;
    private long _contentBytes;
    private ulong _stamp;
    private long _publishedChunks;
    private SparseIndex? _sparse;

    public Slice(SliceId id, WorkspaceSettings settings, EpochGuard guard, TimeSpan mutationIdLifetime,
        int expectedRows = 0)
    {
        Id = id;
        _settings = settings;
        Text = new SliceText(AnalysisOf(settings));
        Recent = new MutationMemory(mutationIdLifetime);
        KeyIndex = new FingerprintTable(expectedRows);
        Graveyard = new Graveyard(this, guard);
        foreach (var space in settings.Spaces)
            AddSpace(new VectorSpace(space, id));
    }

    public SliceId Id { get; }

    public RowTable Rows { get; } = new();

    /// <summary>The texts by their words. Set while the slice is made.</summary>
    public SliceText Text { get; set; }

    /// <summary>Callers' sparse vectors; null until there is one. A search takes it after <see cref="Visible"/>.</summary>
    public SparseIndex? Sparse
    {
        get => Volatile.Read(ref _sparse);
        set => Volatile.Write(ref _sparse, value);
    }

    public KeyStore Keys { get; } = new();

    /// <summary>Rows by the fingerprint of their key: alive, staged, and dead ones that a reader may still
    /// see.</summary>
    public FingerprintTable KeyIndex { get; }

    public DocumentTable Documents { get; } = new();

    public MetadataColumns Metadata { get; } = new();

    /// <summary>What filters accepted lately.</summary>
    public FilterCache Filters { get; } = new();

    /// <summary>What filters are evaluated on.</summary>
    public FilterSource Filterable => new(Metadata, Text);

    /// <summary>Mutation ids applied lately. Writer only.</summary>
    public MutationMemory Recent { get; }

    /// <summary>What was deleted, where others hold replicas. Writer only.</summary>
    public Tombstones Tombstones { get; } = new();

    /// <summary>What is dead and still in memory. Writer only.</summary>
    public Graveyard Graveyard { get; }

    /// <summary>Lists in key order.</summary>
    public KeyOrder Order { get; } = new();

    public ReadOnlySpan<VectorSpace> Spaces => Volatile.Read(ref _spaces);

    public WorkspaceSettings Settings
    {
        get => Volatile.Read(ref _settings);
        set => Volatile.Write(ref _settings, value);
    }

    /// <summary>The apply number that searches read at.</summary>
    public uint Visible => Volatile.Read(ref _visible);

    /// <summary>Position of the last record applied, packed.</summary>
    public ulong Stamp => Volatile.Read(ref _stamp);

    /// <summary>Chunks that searches see.</summary>
    public long PublishedChunks => Volatile.Read(ref _publishedChunks);

    /// <summary>Chunks that searches will see after the next publication. Writer only.</summary>
    public ref long VisibleChunks => ref _visibleChunks;

    public ref long VisibleDocuments => ref _visibleDocuments;

    /// <summary>Bytes of content of all rows that are alive or staged.</summary>
    public ref long ContentBytes => ref _contentBytes;

    /// <summary>Documents that have a generation staged and not committed. Writer only.</summary>
    public HashSet<int> DocumentsWithStaged { get; } = [];

    /// <summary>Generations staged and not committed, as of now; approximate beside a writer.</summary>
    public int StagedGenerations => DocumentsWithStaged.Count;

    /// <summary>Bytes of full-precision vectors that came since the last snapshot.</summary>
    public long RecentVectorBytes
    {
        get
        {
            var bytes = 0L;
            foreach (var space in Spaces)
                bytes += space.Index.Rows.MemoryBytes;
            return bytes;
        }
    }

    public long MemoryBytes
    {
        get
        {
            var bytes = 2000 + Rows.MemoryBytes + Keys.MemoryBytes + KeyIndex.MemoryBytes + Documents.MemoryBytes
                + Metadata.MemoryBytes + Recent.MemoryBytes + Graveyard.MemoryBytes + Order.MemoryBytes
                + Text.MemoryBytes + (Sparse?.MemoryBytes ?? 0) + Filters.MemoryBytes + Tombstones.MemoryBytes;
            foreach (var space in Spaces)
                bytes += space.MemoryBytes;
            return bytes;
        }
    }

    /// <summary>How a workspace's texts are analysed.</summary>
    public static AnalysisOptions AnalysisOf(WorkspaceSettings settings) => new()
    {
        Language = settings.Text.Language, AttributeBoost = settings.Text.AttributeBoost,
        TitleBoost = settings.Text.TitleBoost,
    };

    /// <summary>Shows readers everything that was born or died at <paramref name="at"/>.</summary>
    public void Publish(uint at, ulong stamp)
    {
        Volatile.Write(ref _stamp, stamp);
        Volatile.Write(ref _publishedChunks, _visibleChunks);
        Volatile.Write(ref _visible, at);
    }

    /// <summary>Lets a new row be found by a caller's sparse vector.</summary>
    public void AddSparse(int row, SparseDocument vector) => (Sparse ??= new SparseIndex(new SparseIndexOptions())).Add(row, vector);

    /// <summary>Counts a row's words and sparse vector as visible.</summary>
    public void ShowTerms(int row)
    {
        Text.Index.Show(row);
        Sparse?.Show(row);
    }

    /// <summary>Counts them as visible no longer.</summary>
    public void HideTerms(int row)
    {
        Text.Index.Hide(row);
        Sparse?.Hide(row);
    }

    /// <summary>Takes them out; no reader that could see the row may be inside.</summary>
    public void RemoveTerms(int row)
    {
        Text.Index.Remove(row);
        Sparse?.Remove(row);
    }

    /// <summary>Lets readers find what was added.</summary>
    public void FlushTerms()
    {
        Text.Index.Flush();
        Sparse?.Flush();
    }

    public VectorSpace? FindSpace(string name)
    {
        foreach (var space in Spaces)
        {
            if (space.Settings.Name == name)
                return space;
        }

        return null;
    }

    public VectorSpace? FindSpace(ReadOnlySpan<byte> name)
    {
        foreach (var space in Spaces)
        {
            if (name.SequenceEqual(space.Name))
                return space;
        }

        return null;
    }

    public void AddSpace(VectorSpace space) => Volatile.Write(ref _spaces, [.. _spaces, space]);

    public void RemoveSpace(VectorSpace space) =>
        Volatile.Write(ref _spaces, [.. _spaces.Where(other => other != space)]);

    /// <summary>The row of a key that is visible at <paramref name="at"/>, −1 if there is none.</summary>
    public int FindVisible(ReadOnlySpan<byte> documentId, ReadOnlySpan<byte> chunkId, uint at)
    {
        var key = new KeySpan(documentId, chunkId);
        var columns = Rows.Columns;
        var candidates = KeyIndex.Find(Fingerprint.Of(documentId, chunkId));
        for (var row = candidates.Next(); row >= 0; row = candidates.Next())
        {
            // A row that was added after the columns were read is not visible yet.
            if (row < columns.Capacity && RowStamps.IsVisible(columns.Stamps[row], at)
                && Keys.Read(columns.Keys[row]).Equals(key))
                return row;
        }

        return -1;
    }

    /// <summary>The document with this id, −1 if it is not known.</summary>
    public int FindDocument(ReadOnlySpan<byte> id)
    {
        var candidates = Documents.Find(Fingerprint.Of(id));
        for (var document = candidates.Next(); document >= 0; document = candidates.Next())
        {
            if (IsDocument(document, id))
                return document;
        }

        return -1;
    }

    /// <summary>Vectors of visible chunks, space by space.</summary>
    public SpaceVectorCounts[] VectorCounts()
    {
        var spaces = Spaces;
        var counts = new SpaceVectorCounts[spaces.Length];
        for (var i = 0; i < counts.Length; i++)
            counts[i] = spaces[i].VisibleCounts();
        return counts;
    }

    /// <summary>Lets go of all memory and maps. No reader and no writer may be inside.</summary>
    public void Dispose()
    {
        foreach (var space in Spaces)
            space.Dispose();
        Keys.Dispose();
        Graveyard.DisposeAll();
    }

    private bool IsDocument(int document, ReadOnlySpan<byte> id)
    {
        if (Documents.State(document) is { } state)
            return id.SequenceEqual(state.Id);
        var head = Documents.Head(document);
        return head >= 0 && Keys.Read(Rows.Columns.Keys[head]).DocumentId.SequenceEqual(id);
    }
}
