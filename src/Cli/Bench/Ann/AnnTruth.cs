using Rag.Engine.Indexing;

namespace Rag.Cli.Bench.Ann;

/// <summary>The true neighbours of each query: given, or found by an exact search.</summary>
internal static class AnnTruth
{
    public static int[][] Compute(VectorIndex index, AnnMatrix<float> queries, int k, CancellationToken cancellation)
    {
        var truth = new int[queries.Count][];
        var options = new ParallelOptions { CancellationToken = cancellation };
        Parallel.For(0, queries.Count, options, i =>
        {
            var hits = new ScoredRow[k];
            var found = index.Search(queries[i], new SearchEffort(Exact: true), default(AllRows), -1, hits, out _);
            truth[i] = Array.ConvertAll(hits[..found], hit => hit.Row);
        });
        return truth;
    }

    public static int[][] Read(string path, int queries, int k, int rows)
    {
        var file = AnnMatrix<int>.Read(path, 10_000);
        if (file.Count < queries || file.Columns < k)
            throw new InvalidDataException(
                $"{path} holds {file.Columns} neighbours of {file.Count} queries; {k} of {queries} are needed.");
        var truth = new int[queries][];
        for (var i = 0; i < queries; i++)
        {
            truth[i] = file[i][..k].ToArray();
            if (Array.Exists(truth[i], id => id < 0 || id >= rows))
                throw new InvalidDataException($"{path} names a row for query {i} that the base does not have.");
        }

        return truth;
    }
}
