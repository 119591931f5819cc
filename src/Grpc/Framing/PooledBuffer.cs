using System.Buffers;

namespace Grpc.Framing;

/// <summary>A buffer that grows and gives its array back to the shared pool. Not thread-safe.</summary>
internal sealed class PooledBuffer(int initialSize = PooledBuffer.DefaultSize) : IBufferWriter<byte>, IDisposable
{
    private const int DefaultSize = 1024;

    private byte[] _array = ArrayPool<byte>.Shared.Rent(initialSize);
    private int _written;

    public int WrittenCount => _written;

    public ReadOnlyMemory<byte> Written => _array.AsMemory(0, _written);

    public void Advance(int count)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)count, (uint)(_array.Length - _written));
        _written += count;
    }

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        Reserve(sizeHint);
        return _array.AsMemory(_written);
    }

    public Span<byte> GetSpan(int sizeHint = 0)
    {
        Reserve(sizeHint);
        return _array.AsSpan(_written);
    }

    public void Clear() => _written = 0;

    public void Dispose()
    {
        var array = _array;
        _array = [];
        _written = 0;
        if (array.Length > 0)
            ArrayPool<byte>.Shared.Return(array);
    }

    private void Reserve(int sizeHint)
    {
        var needed = Math.Max(sizeHint, 1);
        if (_array.Length - _written >= needed)
            return;
        var size = (int)Math.Min(Math.Max((long)_written + needed, (long)_array.Length * 2), Array.MaxLength);
        if (size - _written < needed)
            throw new OutOfMemoryException("A message is larger than an array can be.");
        var grown = ArrayPool<byte>.Shared.Rent(size);
        _array.AsSpan(0, _written).CopyTo(grown);
        if (_array.Length > 0)
            ArrayPool<byte>.Shared.Return(_array);
        _array = grown;
    }
}
