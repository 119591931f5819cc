namespace Rag.Engine.Storage;

/// <summary>
/// The device failed, or a log is being reopened after a failure. The write was not acknowledged; it may be tried
/// again with the same mutation id. Reads go on.
/// </summary>
internal sealed class StorageFaultException : IOException
{
    public StorageFaultException(string message, Exception? cause = null)
        : base(message, cause)
    {
    }
}
