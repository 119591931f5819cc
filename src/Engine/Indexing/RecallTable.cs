using System.Runtime.InteropServices;

namespace Rag.Engine.Indexing;

/// <summary>
/// Recall of the ten nearest by pool size, as measured on the index itself, and the pool size for a wanted recall.
/// Immutable; readers take it from one volatile field.
/// </summary>
internal sealed class RecallTable
{
    /// <summary>Neighbours that recall is measured on.</summary>
    public const int MeasuredK = 10;

    private const int MaxEntries = 64;

    /// <summary>Before anything was measured: what a hard set (English word vectors, 100-d) needs.</summary>
    public static readonly RecallTable Unmeasured = new(
        [16, 32, 72, 170, 400, 800, 1600], [0.70f, 0.80f, 0.90f, 0.95f, 0.98f, 0.99f, 0.996f], 0);

    private readonly int[] _efs;
    private readonly float[] _recalls;

    /// <summary>A table; <paramref name="efs"/> rise, recalls never fall.</summary>
    public RecallTable(int[] efs, float[] recalls, int measuredAtCount)
    {
        (_efs, _recalls) = (efs, (float[])recalls.Clone());
        for (var i = 1; i < recalls.Length; i++)
            _recalls[i] = MathF.Max(_recalls[i], _recalls[i - 1]);
        MeasuredAtCount = measuredAtCount;
    }

    /// <summary>Rows there were when it was measured; 0 for <see cref="Unmeasured"/>.</summary>
    public int MeasuredAtCount { get; }

    public ReadOnlySpan<int> Efs => _efs;

    public ReadOnlySpan<float> Recalls => _recalls;

    /// <summary>As if every pool had to be so many times as large.</summary>
    public RecallTable Scaled(int factor) =>
        new(Array.ConvertAll(_efs, ef => Math.Min(SearchEffort.MaxEf, ef * factor)), _recalls, MeasuredAtCount);

    /// <summary>The pool size that reaches a recall for the nearest <paramref name="k"/>.</summary>
    public int EfFor(float target, int k)
    {
        var i = 0;
        while (i < _efs.Length && _recalls[i] < target)
            i++;
        var ef = i == 0 ? _efs[0] : i == _efs.Length ? Beyond(target) : Between(i, target);
        return (int)Math.Min(SearchEffort.MaxEf, Math.Ceiling(Math.Max(ef * KFactor(k), k * 1.2)));
    }

    /// <summary>The recall to expect from a pool size.</summary>
    public float RecallOf(int ef, int k)
    {
        var effective = ef / KFactor(k);
        var i = Array.FindIndex(_efs, e => e >= effective);
        if (i <= 0 || _efs[i] == effective)
            return i < 0 ? _recalls[^1] : _recalls[i];
        var (low, high) = (Miss(_recalls[i - 1]), Miss(_recalls[i]));
        var part = Math.Log(effective / _efs[i - 1]) / Math.Log(_efs[i] / (double)_efs[i - 1]);
        return (float)(1 - low * Math.Pow(high / low, part));
    }

    /// <summary>Writes the table: int32 rows measured at, int32 entries, then int32 ef and float32 recall of each.</summary>
    public void WriteTo(Stream stream)
    {
        Span<int> pair = stackalloc int[2];
        (pair[0], pair[1]) = (MeasuredAtCount, _efs.Length);
        stream.Write(MemoryMarshal.AsBytes(pair));
        for (var i = 0; i < _efs.Length; i++)
        {
            (pair[0], pair[1]) = (_efs[i], BitConverter.SingleToInt32Bits(_recalls[i]));
            stream.Write(MemoryMarshal.AsBytes(pair));
        }
    }

    /// <summary>Reads what <see cref="WriteTo"/> wrote.</summary>
    /// <exception cref="InvalidDataException">A number is out of range, or the stream ends too early.</exception>
    public static RecallTable ReadFrom(Stream stream)
    {
        Span<int> pair = stackalloc int[2];
        IndexStream.ReadExactly(stream, MemoryMarshal.AsBytes(pair));
        var (measuredAt, entries) = (pair[0], pair[1]);
        if (measuredAt < 0 || entries is < 1 or > MaxEntries)
            throw new InvalidDataException($"The saved index has a recall table of {entries} entries.");
        var (efs, recalls) = (new int[entries], new float[entries]);
        for (var i = 0; i < entries; i++)
        {
            IndexStream.ReadExactly(stream, MemoryMarshal.AsBytes(pair));
            (efs[i], recalls[i]) = (pair[0], BitConverter.Int32BitsToSingle(pair[1]));
            if (efs[i] < 1 || efs[i] > SearchEffort.MaxEf || i > 0 && efs[i] <= efs[i - 1] || recalls[i] is not (>= 0 and <= 1))
                throw new InvalidDataException("The saved index has a damaged recall table.");
        }

        return new RecallTable(efs, recalls, measuredAt);
    }

    /// <summary>More neighbours lie further out; measured, the pool grows with the root of their number.</summary>
    private static double KFactor(int k) => k <= MeasuredK ? 1 : Math.Sqrt(k / (double)MeasuredK);

    /// <summary>Between two measurements the misses fall by a power of ef.</summary>
    private double Between(int i, float target)
    {
        var (low, high) = (Miss(_recalls[i - 1]), Miss(_recalls[i]));
        if (low <= high)
            return _efs[i];
        var part = Math.Log(low / Miss(target)) / Math.Log(low / high);
        return _efs[i - 1] * Math.Pow(_efs[i] / (double)_efs[i - 1], Math.Clamp(part, 0, 1));
    }

    private double Beyond(float target) => _efs[^1] * Math.Clamp(Miss(_recalls[^1]) / Miss(target), 1, 8);

    private static double Miss(float recall) => Math.Max(1 - recall, 1e-4);
}
