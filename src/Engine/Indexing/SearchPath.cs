namespace Rag.Engine.Indexing;

/// <summary>How a search went about it.</summary>
public enum SearchPath : byte
{
    /// <summary>Compared with every accepted row.</summary>
    Scan,

    /// <summary>Walked the graph through all rows.</summary>
    Walk,

    /// <summary>Walked the graph among accepted rows.</summary>
    FilteredWalk,
}
