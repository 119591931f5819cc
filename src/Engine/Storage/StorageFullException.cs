namespace Rag.Engine.Storage;

/// <summary>
/// The disk has less free space than the reserve, or none at all. Nothing was written; reads go on, and writes succeed
/// again as soon as there is room.
/// </summary>
internal sealed class StorageFullException : IOException
{
    public StorageFullException(string message, Exception? cause = null)
        : base(message, cause)
    {
    }
}
