namespace Rag.Engine.Indexing;

/// <summary>
/// Decides which rows a search may return. Implementations are structs, so that the call is inlined; it is asked on
/// candidates only, from one thread a search.
/// </summary>
public interface IRowFilter
{
    /// <summary>Whether the row may be returned. Must not throw for any row that the index holds.</summary>
    bool Accepts(int row);

    /// <summary>
    /// The first row from <paramref name="row"/> on that may be accepted, int.MaxValue if there is none;
    /// <paramref name="row"/> itself where the filter does not know. A scan goes from one to the next; the index may hold
    /// rows that the filter has never heard of, because they were added after it was made.
    /// </summary>
    int Next(int row);

    /// <summary>
    /// A bit for each row that may be accepted, row 0 in the lowest bit of the first word; rows beyond the last word
    /// are not accepted. Empty where the filter has no such set: a search then asks it row by row, and does not walk
    /// among accepted rows. Must not change nor end during the search.
    /// </summary>
    ReadOnlySpan<ulong> Bits { get; }
}

/// <summary>The filter that accepts every row.</summary>
public readonly struct AllRows : IRowFilter
{
    /// <inheritdoc/>
    public bool Accepts(int row) => true;

    /// <inheritdoc/>
    public int Next(int row) => row;

    /// <inheritdoc/>
    public ReadOnlySpan<ulong> Bits => default;
}
