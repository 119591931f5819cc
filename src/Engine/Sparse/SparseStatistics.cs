namespace Rag.Engine.Sparse;

/// <summary>
/// What BM25 has to know of all documents: how many there are, how long they are, and for each of a query's terms how
/// many have it. Several partitions' statistics add up, so that each can score as if it held everything.
/// </summary>
/// <param name="Documents">Visible documents that have terms.</param>
/// <param name="TotalLength">Their lengths' sum.</param>
/// <param name="DocumentCounts">For each term of the query, the documents that have it.</param>
public sealed record SparseStatistics(long Documents, long TotalLength, IReadOnlyList<long> DocumentCounts)
{
    /// <summary>Statistics of two disjoint sets of documents, for the same query.</summary>
    /// <exception cref="ArgumentException">They are of different queries.</exception>
    public SparseStatistics Plus(SparseStatistics other)
    {
        ArgumentNullException.ThrowIfNull(other);
        if (other.DocumentCounts.Count != DocumentCounts.Count)
            throw new ArgumentException("The statistics are of different queries.");
        return new SparseStatistics(Documents + other.Documents, TotalLength + other.TotalLength,
            [.. DocumentCounts.Zip(other.DocumentCounts, (left, right) => left + right)]);
    }

    /// <summary>ln(1 + (N − df + 0.5) / (df + 0.5)).</summary>
    internal double Idf(int term)
    {
        // Counts may be a write apart from one another.
        var count = Math.Min(DocumentCounts[term], Documents);
        return Math.Log(1 + (Documents - count + 0.5) / (count + 0.5));
    }

    internal double AverageLength => Documents > 0 && TotalLength > 0 ? (double)TotalLength / Documents : 1;
}
