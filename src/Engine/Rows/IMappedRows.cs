namespace Rag.Engine.Rows;

/// <summary>
/// Read-only full-precision rows of a snapshot. Thread-safe. A damaged block throws on its first touch and never
/// yields wrong numbers.
/// </summary>
public interface IMappedRows : IDisposable
{
    /// <summary>The components of one row; valid until the calling thread asks for the next one.</summary>
    ReadOnlySpan<float> Row(int row);

    /// <summary>Starts to bring a row into the cache; does nothing where that is not possible.</summary>
    void Prefetch(int row);
}
