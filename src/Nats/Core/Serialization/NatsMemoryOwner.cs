using System.Buffers;

namespace NATS.Client.Core;

/// <summary>Memory from a pool. Dispose it once done; doing so again, or on a copy, does nothing.</summary>
public readonly struct NatsMemoryOwner<T> : IMemoryOwner<T>
{
    private readonly Lease? _lease;

    private NatsMemoryOwner(int length) => _lease = new Lease(length);

    /// <summary>How many elements it holds.</summary>
    public int Length => _lease?.Length ?? 0;

    /// <summary>The elements; fails after disposal.</summary>
    public Memory<T> Memory => _lease is null ? default : _lease.Array.AsMemory(0, _lease.Length);

    /// <summary>The elements; fails after disposal.</summary>
    public Span<T> Span => Memory.Span;

    /// <summary>Rents memory, whose content is not cleared.</summary>
    public static NatsMemoryOwner<T> Allocate(int length) => length == 0 ? default : new NatsMemoryOwner<T>(length);

    /// <inheritdoc/>
    public void Dispose() => _lease?.Return();

    private sealed class Lease(int length)
    {
        private T[]? _array = ArrayPool<T>.Shared.Rent(length);

        public int Length => length;

        public T[] Array => _array ?? throw new ObjectDisposedException(nameof(NatsMemoryOwner<>));

        public void Return()
        {
            if (Interlocked.Exchange(ref _array, null) is { } array)
                ArrayPool<T>.Shared.Return(array);
        }
    }
}
