namespace Rag.Engine.Indexing;

/// <summary>Which rows a snapshot holds; a loaded index drops edges to all others.</summary>
public interface IRowPresence
{
    /// <summary>Whether the row is part of the snapshot.</summary>
    bool IsPresent(int row);
}
