using System.Numerics;

namespace Rag.Cluster.Tests.Retrieval;

/// <summary>Late interaction, product by product.</summary>
internal static class LateInteractionOracle
{
    /// <summary>For each vector of the query the highest inner product with one of the passage's, added up.</summary>
    public static double MaxSim<T>(IEnumerable<T[]> query, IReadOnlyCollection<T[]> passage)
        where T : INumber<T> =>
        query.Sum(x => passage.Max(y => x.Zip(y, (a, b) => double.CreateChecked(a) * double.CreateChecked(b)).Sum()));
}
