namespace Rag.Router.Validation;

/// <summary>Limits that the public protos promise.</summary>
internal static class Limits
{
    public const int IdBytes = 256;
    public const int TextBytes = 64 * 1024;
    public const int InlineTextBytes = 3 * 1024 * 1024;
    public const int FileNameBytes = 1024;
    public const int MediaTypeBytes = 256;
    public const int PieceBytes = 1024 * 1024;

    public const int MetadataBytes = 32 * 1024;
    public const int MetadataKeyBytes = 128;
    public const int MetadataEntries = 256;
    public const int KeywordBytes = 8192;
    public const int ListElements = 1024;

    public const int Batch = 1000;
    public const int PageSize = 1000;
    public const int DefaultPageSize = 100;
    public const int K = 10_000;
    public const int DefaultK = 10;

    public const int ChunksPerDocument = 100;
    public const int Neighbours = 10;
    public const int LeastSnippet = 20;
    public const int Snippet = 4096;

    public const int Boosts = 16;
    public const int Examples = 16;
    public const int FetchK = 1000;
    public const int Reranked = 1000;
    public const int Tokenized = 200;
    public const int LeastFetchK = 50;
    public const int Facets = 16;
    public const int FacetRanges = 64;
    public const int FacetValues = 1000;

    public const int Dimension = 4096;

    public const int MultiVectorDimension = 1024;
    public const int MultiVectorCount = 1024;
    public const int MultiVectorComponents = 128 * 1024;

    public const int SparseEntries = 1024;

    /// <summary>Fewest dimensions with QUANTIZATION_BINARY.</summary>
    public const int BinaryDimension = 64;
    public const int Spaces = 8;
    public const int SpaceNameBytes = 64;
    public const int ModelNameBytes = 256;

    /// <summary>Encoded settings: what a shard takes, less some room for fields that come later.</summary>
    public const int SettingsBytes = 60 * 1024;

    public const int Labels = 64;
    public const int LabelKeyBytes = 128;
    public const int LabelValueBytes = 1024;

    public const int FilterDepth = 16;
    public const int FilterNodes = 256;
    public const int FilterValues = 1024;
    public const int FilterTextBytes = 4096;
    public const double FilterRadiusMeters = 20_100_000;

    public const int TokenCharacters = 64 * 1024;
    public const int HeadingBytes = 4096;
}
