using Rag.Engine.Mutations;
using Rag.Engine.Storage;

namespace Rag.Engine.Slices;

/// <summary>
/// Texts and metadata of chunks in the chunk log, named by <see cref="ContentAddress"/>. Thread-safe.
/// </summary>
internal sealed class ChunkContents(ChunkLog log, AttributeText? attributeText, CancellationToken closing)
{
    private static readonly TimeSpan RetryPause = TimeSpan.FromMilliseconds(100);

    public ChunkLog Log => log;

    /// <summary>What of the attributes is text to be searched.</summary>
    public AttributeText? AttributeText => attributeText;

    /// <summary>
    /// Stores content; readable at once, durable after the next flush. While the device fails and the log's memory for
    /// that is used up it waits: the mutation is on disk already and has to be applied. Reads go on meanwhile.
    /// </summary>
    /// <exception cref="OperationCanceledException">The store is closing.</exception>
    public ulong Append(SliceId slice, ReadOnlySpan<byte> content)
    {
        while (true)
        {
            try
            {
                return ContentAddress.Pack(log.Append(slice, content), content.Length);
            }
            catch (IOException exception) when (exception is StorageFullException or StorageFaultException)
            {
                closing.WaitHandle.WaitOne(RetryPause);
                closing.ThrowIfCancellationRequested();
            }
        }
    }

    /// <summary>Names content that will be read together with other content.</summary>
    public void Expect(ulong content, ChunkReadAhead ahead)
    {
        if (content != 0)
            ahead.Expect(ContentAddress.Address(content), log.BytesFor(ContentAddress.Length(content)));
    }

    /// <summary>Appends the content to <paramref name="to"/>; nothing for a row that has none.</summary>
    /// <exception cref="CorruptDataException">The record is damaged or another slice's.</exception>
    public void Read(SliceId slice, ulong content, PayloadWriter to, ChunkReadAhead? ahead = null)
    {
        if (content == 0)
            return;
        var length = log.Read(ContentAddress.Address(content), slice, to, ContentAddress.Length(content), ahead);
        if (length != ContentAddress.Length(content))
            throw new CorruptDataException(
                $"A record of slice {slice} has {length} bytes in the chunk log, not as expected.");
    }
}
