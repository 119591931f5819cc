using Rag.Engine.Sparse;
using Rag.Internal.V1;

namespace Rag.Shard.Mapping;

/// <summary>What words weigh, between the protos and the engine.</summary>
internal static class TextStatisticsMapping
{
    private static readonly SparseIndexOptions Defaults = new();

    public static SparseStatistics ToEngine(TextStatistics statistics)
    {
        if (statistics.Documents < 0 || statistics.TotalLength < 0 || statistics.DocumentCounts.Any(count => count < 0))
            throw new InvalidInputException("Text statistics must not be negative.");
        return new SparseStatistics(statistics.Documents, statistics.TotalLength, [.. statistics.DocumentCounts]);
    }

    /// <summary>How BM25 scores; null for the defaults.</summary>
    public static Bm25Parameters? ToEngine(Rag.V1.Bm25? bm25) => bm25 is null
        ? null
        : new Bm25Parameters(bm25.HasK1 ? bm25.K1 : Defaults.K1, bm25.HasB ? bm25.B : Defaults.B);

    public static TextStatistics ToProto(SparseStatistics statistics)
    {
        var proto = new TextStatistics { Documents = statistics.Documents, TotalLength = statistics.TotalLength };
        proto.DocumentCounts.AddRange(statistics.DocumentCounts);
        return proto;
    }
}
