namespace Rag.Engine.Storage;

/// <summary>
/// What was read from disk is not what was written: a checksum, a length or an identity does not fit. The owner of the
/// data is quarantined; others go on.
/// </summary>
internal sealed class CorruptDataException : IOException
{
    public CorruptDataException(string message, Exception? cause = null)
        : base(message, cause)
    {
    }
}
