using Rag.Engine.Indexing;
using Rag.Engine.Rows;

namespace Rag.Recall.Tests;

/// <summary>A graph over test data, and its recall.</summary>
internal sealed class RecallIndex : IDisposable
{
    private readonly VectorRows _rows;

    public RecallIndex(int dimension, Metric metric, VectorCodec codec = VectorCodec.Int8)
    {
        _rows = new VectorRows(dimension);
        Index = new VectorIndex(new VectorIndexOptions
        {
            Dimension = dimension,
            Metric = metric,
            Codec = codec,
            ExactThreshold = 0,
        }, _rows);
    }

    public VectorIndex Index { get; }

    public static RecallIndex Of(RecallData data, Metric metric, VectorCodec codec = VectorCodec.Int8, int threads = 1)
    {
        var index = new RecallIndex(data.Vectors[0].Length, metric, codec);
        var rows = Enumerable.Range(0, data.Vectors.Length).ToArray();
        index.Index.AddRange(rows, data.Vectors.SelectMany(vector => vector).ToArray(), threads);
        return index;
    }

    public double Recall(RecallData data, int[][] truth, SearchEffort effort) =>
        Recall(data, truth, effort, default(AllRows), -1);

    public double Recall<TFilter>(RecallData data, int[][] truth, SearchEffort effort, TFilter filter, int accepted)
        where TFilter : struct, IRowFilter
    {
        var (found, wanted) = (0, 0);
        for (var i = 0; i < truth.Length; i++)
        {
            var hits = new ScoredRow[truth[i].Length];
            var count = Index.Search(data.Queries[i], effort, filter, accepted, hits, out _);
            wanted += truth[i].Length;
            found += hits[..count].Count(hit => truth[i].Contains(hit.Row));
        }

        return found / (double)wanted;
    }

    public void Dispose()
    {
        Index.Dispose();
        _rows.Dispose();
    }
}
