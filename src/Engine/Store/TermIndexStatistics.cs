using Rag.Engine.Sparse;

namespace Rag.Engine;

/// <summary>The size of an inverted index.</summary>
/// <param name="Bytes">In memory, about.</param>
/// <param name="Postings">Pairs of a term and a document; those of documents that were removed count until the next
/// merge.</param>
/// <param name="Documents">Visible chunks that have a term at least.</param>
public readonly record struct TermIndexStatistics(long Bytes, long Postings, long Documents)
{
    public static TermIndexStatistics operator +(TermIndexStatistics left, TermIndexStatistics right) =>
        new(left.Bytes + right.Bytes, left.Postings + right.Postings, left.Documents + right.Documents);

    internal static TermIndexStatistics Of(SparseIndex? index) => index is null
        ? default
        : new TermIndexStatistics(index.MemoryBytes, index.PostingCount, index.VisibleCount);
}
