using Rag.Engine.Sparse;
using Rag.Internal.V1;

namespace Rag.Shard.Mapping;

/// <summary>What words weigh, between the protos and the engine.</summary>
internal static class TextStatisticsMapping
{
    public static SparseStatistics ToEngine(TextStatistics statistics)
    {
        if (statistics.Documents < 0 || statistics.TotalLength < 0 || statistics.DocumentCounts.Any(count => count < 0))
            throw new InvalidInputException("Text statistics must not be negative.");
        return new SparseStatistics(statistics.Documents, statistics.TotalLength, [.. statistics.DocumentCounts]);
    }

    public static TextStatistics ToProto(SparseStatistics statistics)
    {
        var proto = new TextStatistics { Documents = statistics.Documents, TotalLength = statistics.TotalLength };
        proto.DocumentCounts.AddRange(statistics.DocumentCounts);
        return proto;
    }
}
