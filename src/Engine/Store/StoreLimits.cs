namespace Rag.Engine;

/// <summary>Limits of what a store accepts, all part of its contract.</summary>
public static class StoreLimits
{
    /// <summary>Bytes of a document or chunk id in UTF-8; at least 1.</summary>
    public const int MaxIdBytes = 256;

    /// <summary>Bytes of a chunk's text in UTF-8.</summary>
    public const int MaxTextBytes = 64 * 1024;

    /// <summary>Bytes of a chunk's encoded metadata.</summary>
    public const int MaxMetadataBytes = 32 * 1024;

    /// <summary>Bytes of a chunk's attributes.</summary>
    public const int MaxAttributeBytes = 4 * 1024;

    /// <summary>Bytes of a metadata key in UTF-8; at least 1.</summary>
    public const int MaxMetadataKeyBytes = 128;

    /// <summary>Entries of a chunk's sparse vector, or of a query's.</summary>
    public const int MaxSparseEntries = 1_024;

    /// <summary>Dimensions of a vector space.</summary>
    public const int MaxDimension = 4096;

    /// <summary>Dimensions of the vectors of a multi-vector.</summary>
    public const int MaxMultiVectorDimension = 1024;

    /// <summary>Vectors of a multi-vector.</summary>
    public const int MaxMultiVectorCount = 1024;

    /// <summary>Components of a multi-vector in all: bytes that it takes on disk, but for 4 a vector.</summary>
    public const int MaxMultiVectorComponents = 128 * 1024;

    /// <summary>Vector spaces of a workspace.</summary>
    public const int MaxSpaces = 16;

    /// <summary>Bytes of a vector space's name in UTF-8.</summary>
    public const int MaxSpaceNameBytes = 64;

    /// <summary>Hits of a search, offset included.</summary>
    public const int MaxK = 10_000;

    /// <summary>Chunks, keys or documents in one call.</summary>
    public const int MaxBatch = 1_000;

    /// <summary>Chunks of one document among the hits of a search by documents.</summary>
    public const int MaxChunksPerDocument = 100;

    /// <summary>Facets of one call.</summary>
    public const int MaxFacets = 16;

    /// <summary>Different values that one facet may find in a slice.</summary>
    public const int MaxFacetValues = 65_536;

    /// <summary>Ranges of one facet.</summary>
    public const int MaxFacetRanges = 64;

    /// <summary>Neighbours on each side of a chunk in one call.</summary>
    public const int MaxNeighbours = 100;

    /// <summary>Chunks in one page of a list.</summary>
    public const int MaxPageSize = 1_000;

    /// <summary>Bytes of one encoded mutation record; a chunk with all its vectors must fit in one.</summary>
    public const int MaxRecordBytes = 256 * 1024;

    /// <summary>Bytes of the extension of a workspace's settings.</summary>
    public const int MaxSettingsExtensionBytes = 64 * 1024;

    /// <summary>Nodes of a filter.</summary>
    public const int MaxFilterNodes = 256;

    /// <summary>Depth of a filter.</summary>
    public const int MaxFilterDepth = 16;

    /// <summary>Values in all "in" and "contains all" nodes of a filter together.</summary>
    public const int MaxFilterValues = 4_096;

    /// <summary>Bytes of the texts of all "match" nodes of a filter together.</summary>
    public const int MaxFilterTextBytes = 4_096;

    /// <summary>Largest radius of a filter by distance: half the way around the earth, and a little more.</summary>
    public const double MaxRadiusMeters = 20_100_000;
}
