using System.Runtime.InteropServices;

namespace Rag.Engine.Storage;

/// <summary>
/// Records of the chunk log that are wanted together, as they stand in its files. What lies near each other is read by one
/// call of the system: a workspace's chunks were mostly written together, so the hits of a search lie within a few pages.
/// Nothing in here is verified. Not thread-safe.
/// </summary>
internal sealed class ChunkReadAhead
{
    // To copy so many bytes that nobody wants takes about as long as another call.
    private const int MaxGap = 4 << 10;
    private const int MaxRunBytes = 64 << 10;

    // What is beyond is read one by one.
    private const int MaxBytes = 256 << 10;

    private readonly List<ChunkPlace> _places = [];
    // By address.
    private readonly List<(ChunkPlace Place, int Offset)> _runs = [];
    private byte[] _bytes = [];

    /// <summary>Names a record that will be wanted.</summary>
    public void Expect(long address, int bytes) => _places.Add(new ChunkPlace(address, bytes));

    /// <summary>Reads what was named of the part of the log that lies in files.</summary>
    /// <param name="segments">The files.</param>
    /// <param name="from">Where that part begins.</param>
    /// <param name="to">Where it ends.</param>
    public void Fill(SegmentFiles segments, long from, long to)
    {
        var places = CollectionsMarshal.AsSpan(_places);
        places.Sort();
        var used = 0;
        for (var i = 0; i < places.Length;)
        {
            var run = places[i++];
            while (i < places.Length && places[i].Address - run.End <= MaxGap && places[i].End - run.Address <= MaxRunBytes)
                run = run with { Bytes = (int)(Math.Max(run.End, places[i++].End) - run.Address) };
            if (run.Address < from || run.End > to || used + run.Bytes > MaxBytes)
                continue;
            if (!TryRead(segments, run, used))
                return;
            _runs.Add((run, used));
            used += run.Bytes;
        }
    }

    /// <summary>The bytes that stand at an address and behind it, as far as they were read; empty if they were not.</summary>
    public ReadOnlySpan<byte> At(long address)
    {
        var runs = CollectionsMarshal.AsSpan(_runs);
        var (low, high) = (0, runs.Length - 1);
        while (low <= high)
        {
            var middle = (low + high) / 2;
            var (place, offset) = runs[middle];
            if (address < place.Address)
                high = middle - 1;
            else if (address >= place.End)
                low = middle + 1;
            else
                return _bytes.AsSpan(offset, place.Bytes)[(int)(address - place.Address)..];
        }

        return default;
    }

    /// <summary>Forgets everything.</summary>
    public void Clear()
    {
        _places.Clear();
        _runs.Clear();
    }

    // A device that fails here is met again, and reported, by whoever reads what it could not give.
    private bool TryRead(SegmentFiles segments, ChunkPlace run, int offset)
    {
        if (_bytes.Length < offset + run.Bytes)
            Array.Resize(ref _bytes, Math.Max(offset + run.Bytes, Math.Min(MaxBytes, 2 * _bytes.Length)));
        try
        {
            segments.Read(run.Address, _bytes.AsSpan(offset, run.Bytes));
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }
}

/// <summary>Where a record of the chunk log lies.</summary>
internal readonly record struct ChunkPlace(long Address, int Bytes) : IComparable<ChunkPlace>
{
    public long End => Address + Bytes;

    public int CompareTo(ChunkPlace other) => Address.CompareTo(other.Address);
}
