namespace Rag.Engine.Indexing;

/// <summary>
/// Decides which rows a search may return. Implementations are structs, so that the call is inlined; it is asked on
/// candidates only, from one thread a search.
/// </summary>
public interface IRowFilter
{
    /// <summary>Whether the row may be returned. Must not throw for any row that the index holds.</summary>
    bool Accepts(int row);
}

/// <summary>The filter that accepts every row.</summary>
public readonly struct AllRows : IRowFilter
{
    /// <inheritdoc/>
    public bool Accepts(int row) => true;
}
