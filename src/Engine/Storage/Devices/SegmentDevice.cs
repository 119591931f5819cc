using FASTER.core;

namespace Rag.Engine.Storage;

/// <summary>
/// FASTER's view of <see cref="SegmentFiles"/>. Writes happen on the calling thread, into the operating system's cache:
/// no write is ever in flight when a log is closed, and one sync by the log's owner makes a whole group of them durable
/// (FASTER's own local devices sync each write by itself, or none at all).
/// </summary>
internal sealed unsafe class SegmentDevice : StorageDeviceBase
{
    private const uint FaultCode = 5; // EIO; FASTER only looks whether it is zero

    private readonly SegmentFiles _segments;
    private Exception? _fault;

    public SegmentDevice(SegmentFiles segments, string name)
        : base(name, sectorSize: 512, Devices.CAPACITY_UNSPECIFIED) => _segments = segments;

    /// <summary>The first write that failed; the log on top of it is unusable from then on.</summary>
    public Exception? Fault => Volatile.Read(ref _fault);

    public override void WriteAsync(
        IntPtr sourceAddress, int segmentId, ulong destinationAddress, uint numBytesToWrite,
        DeviceIOCompletionCallback callback, object context)
    {
        var written = Try(() => _segments.Write(
            AddressOf(segmentId, destinationAddress),
            new ReadOnlySpan<byte>((void*)sourceAddress, (int)numBytesToWrite)));
        callback(written ? 0 : FaultCode, written ? numBytesToWrite : 0, context);
    }

    public override void ReadAsync(
        int segmentId, ulong sourceAddress, IntPtr destinationAddress, uint readLength,
        DeviceIOCompletionCallback callback, object context)
    {
        var read = Try(() => _segments.Read(
            AddressOf(segmentId, sourceAddress), new Span<byte>((void*)destinationAddress, (int)readLength)));
        callback(read ? 0 : FaultCode, read ? readLength : 0, context);
    }

    public override void RemoveSegment(int segment)
    {
        // The log's owner deletes segments itself, once it has recorded that they are not needed.
    }

    public override void RemoveSegmentAsync(int segment, AsyncCallback callback, IAsyncResult result) =>
        callback(result);

    public override void Dispose()
    {
        // The files belong to the log's owner, who reads them while FASTER's log is closed and opened again.
    }

    private long AddressOf(int segment, ulong offset) => (segment * _segments.SegmentBytes) + (long)offset;

    private bool Try(Action action)
    {
        try
        {
            if (Fault is not null)
                return false;
            action();
            return true;
        }
        catch (Exception exception)
        {
            // FASTER wants a code, whatever happened; the owner gets the exception.
            Interlocked.CompareExchange(ref _fault, exception, null);
            return false;
        }
    }
}
