using Rag.Engine.Indexing;
using Rag.Engine.Rows;
using Rag.Engine.Storage;

namespace Rag.Engine.Slices;

/// <summary>
/// One vector space of a loaded slice: index, full vectors, and for each row what encoder made its vector. One writer,
/// readers inside the epoch.
/// </summary>
internal sealed class VectorSpace : IDisposable
{
    // Tag of a row: 0 = no vector here, else encoder + 1.
    private byte[] _tags = [];
    private readonly long[] _visible = new long[3];

    public VectorSpace(VectorSpaceSettings settings, SliceId slice)
        : this(settings, OptionsOf(settings, slice), new VectorRows(settings.Dimension))
    {
    }

    public VectorSpace(VectorSpaceSettings settings, VectorIndex index, byte[] tags)
    {
        Settings = settings;
        Name = System.Text.Encoding.UTF8.GetBytes(settings.Name);
        Index = index;
        _tags = tags;
    }

    private VectorSpace(VectorSpaceSettings settings, VectorIndexOptions options, VectorRows rows)
        : this(settings, new VectorIndex(options, rows), [])
    {
    }

    public VectorSpaceSettings Settings { get; }

    /// <summary>The space's name in UTF-8.</summary>
    public byte[] Name { get; }

    public VectorIndex Index { get; }

    public long MemoryBytes => Index.MemoryBytes + Index.Rows.MemoryBytes + _tags.Length + 300;

    public static VectorIndexOptions OptionsOf(VectorSpaceSettings settings, SliceId slice) => new()
    {
        Dimension = settings.Dimension,
        Metric = settings.Metric,
        Codec = settings.Codec,
        M = settings.M,
        EfConstruction = settings.EfConstruction,
        ExactThreshold = settings.ExactThreshold == 0 ? null : settings.ExactThreshold,
        Seed = SeedOf(settings.Name, slice),
    };

    public bool Has(int row) => Tag(row) != 0;

    public VectorEncoder EncoderOf(int row) => (VectorEncoder)(Tag(row) - 1);

    public byte Tag(int row)
    {
        var tags = Volatile.Read(ref _tags);
        return (uint)row < (uint)tags.Length ? tags[row] : (byte)0;
    }

    /// <summary>The first row from <paramref name="from"/> on with this tag, or <paramref name="limit"/>.</summary>
    public int FindTag(byte tag, int from, int limit)
    {
        var tags = Volatile.Read(ref _tags);
        var known = Math.Min(tags.Length, limit);
        if (from < known && tags.AsSpan(from, known - from).IndexOf(tag) is var found and >= 0)
            return from + found;
        // Rows beyond have no vector here.
        return tag == 0 ? Math.Max(from, known) : limit;
    }

    /// <summary>Records what made a row's vector; 0 forgets the row.</summary>
    public void SetTag(int row, byte tag)
    {
        if (row >= _tags.Length)
        {
            if (tag == 0)
                return;
            var larger = _tags;
            Array.Resize(ref larger, Math.Max(row + 1, larger.Length + larger.Length / 2));
            Volatile.Write(ref _tags, larger);
        }

        _tags[row] = tag;
    }

    /// <summary>Counts a row that became visible (+1) or invisible (−1).</summary>
    public void Count(int row, int change)
    {
        if (Tag(row) is var tag and > 0)
            _visible[tag - 1] += change;
    }

    /// <summary>Vectors of visible rows by encoder.</summary>
    public long VisibleCount(VectorEncoder encoder) => Volatile.Read(ref _visible[(int)encoder]);

    /// <summary>All of them.</summary>
    public SpaceVectorCounts VisibleCounts() => new(
        Settings.Name, VisibleCount(VectorEncoder.Full), VisibleCount(VectorEncoder.Lookup),
        VisibleCount(VectorEncoder.Client));

    public void Dispose()
    {
        Index.Dispose();
        Index.Rows.Dispose();
    }

    // Whatever the machine, a slice's graph is built from the same seed: replicas and replays agree.
    private static ulong SeedOf(string name, SliceId slice)
    {
        Span<byte> uid = stackalloc byte[16];
        slice.WorkspaceUid.TryWriteBytes(uid, bigEndian: true, out _);
        var hash = Fingerprint.Of(uid) * 0x9E37_79B9_7F4A_7C15ul + (uint)slice.Partition;
        return hash ^ Fingerprint.Of(System.Text.Encoding.UTF8.GetBytes(name));
    }
}
