namespace Rag.Engine.Slices;

/// <summary>
/// The documents of a slice: which rows they have, and which generation is current. A document is there as long as it
/// has a row or was committed. One writer; readers inside the epoch walk rows and read states.
/// </summary>
internal sealed class DocumentTable
{
    private FingerprintTable _byId = new();
    private readonly Stack<int> _freed = new();
    private Entry[] _entries = [];
    private int _limit;

    /// <summary>Documents known.</summary>
    public int Count => _byId.Count;

    /// <summary>All ordinals are below.</summary>
    public int Limit => _limit;

    public long MemoryBytes => _byId.MemoryBytes + _entries.Length * 24L + StateCount * 320L + 200;

    public int StateCount { get; private set; }

    public FingerprintTable.Candidates Find(uint fingerprint) => _byId.Find(fingerprint);

    /// <summary>First row of a document, −1 if it has none.</summary>
    public int Head(int document) => Volatile.Read(ref Volatile.Read(ref _entries)[document].HeadPlusOne) - 1;

    /// <summary>What was committed or is staged; null if the document was only ever written singly.</summary>
    public DocumentState? State(int document) => Volatile.Read(ref Volatile.Read(ref _entries)[document].State);

    /// <summary>Rows that are born and not dead. Writer only.</summary>
    public ref int LiveRows(int document) => ref _entries[document].LiveRows;

    public uint FingerprintOf(int document) => _entries[document].Fingerprint;

    /// <summary>Makes room at once for so many, in an empty table that nobody reads yet.</summary>
    public void Expect(int count)
    {
        _byId = new FingerprintTable(count);
        _entries = new Entry[count];
    }

    public int Add(uint fingerprint)
    {
        if (!_freed.TryPop(out var document))
        {
            document = _limit++;
            if (document >= _entries.Length)
            {
                var larger = new Entry[Math.Max(4, _entries.Length + _entries.Length / 2)];
                _entries.AsSpan().CopyTo(larger);
                Volatile.Write(ref _entries, larger);
            }
        }

        _entries[document] = new Entry { Fingerprint = fingerprint };
        _byId.Add(fingerprint, document);
        return document;
    }

    /// <summary>Takes a document out that has no row and no state; free the ordinal after readers have left.</summary>
    public void Remove(int document) => _byId.Remove(_entries[document].Fingerprint, document);

    public void Free(int document) => _freed.Push(document);

    public void SetHead(int document, int row) => Volatile.Write(ref _entries[document].HeadPlusOne, row + 1);

    public void SetState(int document, DocumentState? state)
    {
        ref var current = ref _entries[document].State;
        StateCount += (state is null ? 0 : 1) - (current is null ? 0 : 1);
        Volatile.Write(ref current, state);
    }

    /// <summary>Whether a document can be taken out of the table.</summary>
    public bool IsEmpty(int document) => _entries[document] is { HeadPlusOne: 0, State: null };

    private struct Entry
    {
        public int HeadPlusOne;
        public int LiveRows;
        public uint Fingerprint;
        public DocumentState? State;
    }
}

/// <summary>
/// Generations of a document. Generation and version are immutable; a commit puts a new state in place. What is staged
/// belongs to the writer alone.
/// </summary>
internal sealed class DocumentState
{
    /// <summary>The document's id in UTF-8: a committed document may have no row that tells it.</summary>
    public required byte[] Id { get; init; }

    /// <summary>The generation committed last; empty if none was.</summary>
    public Guid Generation { get; init; }

    /// <summary>Position of that commit, packed; 0 if there was none.</summary>
    public ulong Version { get; init; }

    /// <summary>Generations staged and not committed. Writer only.</summary>
    public List<StagedGeneration> Staged { get; init; } = [];

    public StagedGeneration? FindStaged(Guid generation)
    {
        foreach (var staged in Staged)
        {
            if (staged.Generation == generation)
                return staged;
        }

        return null;
    }
}

/// <summary>Rows of a generation that is not visible yet. Writer only.</summary>
internal sealed class StagedGeneration(Guid generation, long beganMs)
{
    public Guid Generation { get; } = generation;

    /// <summary>When its first record was accepted, in milliseconds since the Unix epoch.</summary>
    public long BeganMs { get; } = beganMs;

    public HashSet<int> Rows { get; init; } = [];
}
