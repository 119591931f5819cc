using Rag.Engine.Filters;
using Rag.Engine.Indexing;
using Rag.Engine.Rows;

namespace Rag.Engine.Tests.Indexing;

/// <summary>An index with its rows, as tests use it.</summary>
internal sealed class TestIndex : IDisposable
{
    public TestIndex(VectorIndexOptions options)
    {
        Options = options;
        Rows = new VectorRows(options.Dimension);
        Index = new VectorIndex(options, Rows);
    }

    private TestIndex(VectorIndexOptions options, VectorRows rows, VectorIndex index) =>
        (Options, Rows, Index) = (options, rows, index);

    public VectorIndexOptions Options { get; }

    public VectorRows Rows { get; }

    public VectorIndex Index { get; }

    public static TestIndex Of(float[][] vectors, Metric metric, int? exactThreshold = null,
        VectorCodec codec = VectorCodec.Int8)
    {
        var index = new TestIndex(new VectorIndexOptions
        {
            Dimension = vectors[0].Length,
            Metric = metric,
            Codec = codec,
            ExactThreshold = exactThreshold,
        });
        for (var row = 0; row < vectors.Length; row++)
            index.Index.Add(row, vectors[row]);
        return index;
    }

    public int[] Search(float[] query, int k, SearchEffort effort = default) =>
        Search(query, k, effort, default(AllRows), -1);

    public int[] Search<TFilter>(float[] query, int k, SearchEffort effort, TFilter filter, int accepted)
        where TFilter : struct, IRowFilter
    {
        var hits = new ScoredRow[k];
        var found = Index.Search(query, effort, filter, accepted, hits, out _);
        return Array.ConvertAll(hits[..found], hit => hit.Row);
    }

    public byte[] Save(int? rowLimit = null)
    {
        using var stream = new MemoryStream();
        Index.Save(stream, rowLimit ?? int.MaxValue);
        return stream.ToArray();
    }

    /// <summary>The saved bytes as a new index over the same rows.</summary>
    public TestIndex Reload(byte[] saved, Func<int, bool>? present = null) => new(
        Options, Rows, VectorIndex.Load(new MemoryStream(saved), Options, Rows, new Presence(present ?? (_ => true))));

    public void Dispose() => Index.Dispose();

    private sealed class Presence(Func<int, bool> present) : IRowPresence
    {
        public bool IsPresent(int row) => present(row);
    }
}

/// <summary>Accepts rows whose number leaves a remainder below a bound.</summary>
internal readonly struct EveryNth(int modulus, int accepted = 1) : IRowFilter
{
    public bool Accepts(int row) => row % modulus < accepted;

    public int Next(int row) => row;

    public ReadOnlySpan<ulong> Bits => default;
}

/// <summary>Accepts the rows of a bitmap.</summary>
internal readonly struct InBitmap(RowBitmap rows) : IRowFilter
{
    public bool Accepts(int row) => rows.Contains(row);

    public int Next(int row) => rows.Next(row);

    public ReadOnlySpan<ulong> Bits => rows.Words;
}
