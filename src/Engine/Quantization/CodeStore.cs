using System.Runtime.CompilerServices;
using Rag.Engine.Indexing;

namespace Rag.Engine.Quantization;

/// <summary>
/// The codes of an index by row, and each row's norm, which also tells whether the row is there:
/// <code>
/// norm bits 0            no such row
/// norm bits 0x80000000   a zero vector (−0)
/// otherwise              the Euclidean length
/// </code>
/// One writer, lock-free readers: take <see cref="Limit"/> first, then <see cref="Current"/>, and read rows below it.
/// </summary>
internal sealed unsafe class CodeStore : IDisposable
{
    /// <summary>Norms this close to 1 are taken as 1 while walking; ranks are settled in full precision anyway.</summary>
    private const float UnitTolerance = 5e-4f;

    private readonly RowSlab _codes;
    private readonly RowSlab _norms = new(sizeof(float));
    private int _limit;
    private int _count;
    private volatile bool _unit = true;
    private volatile float _largest;

    public CodeStore(int codeBytes) => _codes = new RowSlab(codeBytes);

    /// <summary>One more than the highest row that was ever there.</summary>
    public int Limit => Volatile.Read(ref _limit);

    public int Count => Volatile.Read(ref _count);

    /// <summary>Whether every vector so far had length 1.</summary>
    public bool IsUnit => _unit;

    public int CodeBytes => _codes.Stride;

    public long MemoryBytes => 80 + _codes.MemoryBytes + _norms.MemoryBytes;

    /// <summary>Where codes and norms lie; codes of a file are not read through it but through <see cref="Open"/>.</summary>
    public View Current => new(_codes.Current, _norms.Current, _unit, _largest);

    /// <summary>The same with the codes of a file, which are copied to a buffer if they are not warm.</summary>
    /// <exception cref="IOException">The device failed.</exception>
    public View Open(ref NativeBlock? buffer) => new(_codes.Open(ref buffer), _norms.Current, _unit, _largest);

    /// <summary>Makes room for rows below <paramref name="limit"/>, which readers do not see yet. Writer only.</summary>
    public void Reserve(int limit)
    {
        _codes.Reserve(limit);
        _norms.Reserve(limit);
    }

    /// <summary>Makes rows whose codes and norms were written visible. Writer only.</summary>
    public void Publish(int limit, int added)
    {
        Volatile.Write(ref _limit, Math.Max(_limit, limit));
        Volatile.Write(ref _count, _count + added);
    }

    /// <summary>Notes a norm, after the code was written. Writer only.</summary>
    public void SetNorm(View view, int row, float norm)
    {
        if (MathF.Abs(norm - 1) > UnitTolerance)
            _unit = false;
        if (norm > _largest)
            _largest = norm;
        Volatile.Write(ref *(float*)view.NormAt(row), norm == 0 ? -0f : norm);
    }

    /// <summary>The file that codes are read from; null where they are in memory.</summary>
    public IMappedMemory? Mapped => _codes.Mapped;

    /// <summary>
    /// Reads the codes of all rows from a file from now on, at an offset: the bytes that <see cref="Save"/> wrote, and
    /// none was written since. Returns what held them, to be disposed when its readers have left. Writer only.
    /// </summary>
    public IDisposable Attach(IMappedMemory mapped, long offset) => _codes.Attach(mapped, offset, Limit);

    public bool Contains(int row) => (uint)row < (uint)Limit && Current.Contains(row);

    /// <summary>Forgets a row. Writer only.</summary>
    public void Remove(int row)
    {
        Volatile.Write(ref *(float*)Current.NormAt(row), 0f);
        Volatile.Write(ref _count, _count - 1);
    }

    /// <summary>Writes norms, then codes, of rows below <paramref name="rows"/>. Safe beside the writer.</summary>
    public void Save(Stream stream, int rows)
    {
        var view = Current;
        IndexStream.Write(stream, view.NormSlab, sizeof(float), rows);
        IndexStream.Write(stream, view.CodeSlab, CodeBytes, rows);
        GC.KeepAlive(view.CodeOwner);
        GC.KeepAlive(view.NormOwner);
    }

    /// <summary>Reads what <see cref="Save"/> wrote; rows that are not present are forgotten. Before any reader.</summary>
    /// <exception cref="InvalidDataException">A norm is no length, or the stream ends too early.</exception>
    /// <param name="mapped">The bytes that the stream reads, where the codes may stay; null to read them.</param>
    /// <param name="codesAt">Where in these bytes the codes begin.</param>
    public void Load(Stream stream, int rows, IRowPresence present, IMappedMemory? mapped, long codesAt)
    {
        IndexStream.Read(stream, _norms, rows);
        if (mapped is null || rows is 0 or > RowSlab.SegmentRows)
            IndexStream.Read(stream, _codes, rows);
        else if (codesAt + (long)rows * CodeBytes > mapped.MappedBytes)
            throw new InvalidDataException("The saved index ends too early.");
        else
            _codes.Attach(mapped, codesAt, rows).Dispose();
        var view = Current;
        var count = 0;
        for (var row = 0; row < rows; row++)
        {
            var norm = view.Norm(row);
            if (!float.IsFinite(norm) || norm < 0)
                throw new InvalidDataException($"The saved index says that row {row} has the length {norm}.");
            if (!view.Contains(row))
                continue;
            if (present.IsPresent(row))
            {
                SetNorm(view, row, norm);
                count++;
            }
            else
            {
                *(float*)view.NormAt(row) = 0;
            }
        }

        Publish(rows, count);
    }

    public void Dispose()
    {
        _limit = 0;
        _codes.Dispose();
        _norms.Dispose();
    }

    /// <summary>Where codes and norms lie now.</summary>
    internal readonly struct View(RowSlab.View codes, RowSlab.View norms, bool unit, float largest)
    {
        private readonly RowSlab.View _codes = codes;
        private readonly RowSlab.View _norms = norms;

        public bool IsUnit { get; } = unit;

        /// <summary>The greatest length of a vector so far.</summary>
        public float LargestNorm { get; } = largest;

        public RowSlab.View CodeSlab => _codes;

        public RowSlab.View NormSlab => _norms;

        public object CodeOwner => _codes.Owner;

        public object NormOwner => _norms.Owner;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public byte* At(int row) => _codes.At(row);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public byte* NormAt(int row) => _norms.At(row);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public bool Contains(int row) => *(int*)_norms.At(row) != 0;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public float Norm(int row) => *(float*)_norms.At(row);
    }
}
