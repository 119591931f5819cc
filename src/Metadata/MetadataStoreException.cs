namespace Rag.Metadata;

/// <summary>The store could not do its work. The message is a sentence that says what to do.</summary>
public sealed class MetadataStoreException : Exception
{
    public MetadataStoreException(MetadataFault fault, string message, Exception? cause = null)
        : base(message, cause) => Fault = fault;

    public MetadataFault Fault { get; }
}

/// <summary>Kinds of failure of the store.</summary>
public enum MetadataFault
{
    /// <summary>The disk is full: nothing was written. Reads go on.</summary>
    Full = 1,

    /// <summary>Locked for too long, an I/O error, or the store is closing: try again.</summary>
    Unavailable = 2,

    /// <summary>The file is damaged or is not a metadata store.</summary>
    Corrupt = 3,

    /// <summary>The file was written by a newer release than this one.</summary>
    TooNew = 4,

    /// <summary>A defect of ours.</summary>
    Internal = 5,
}
