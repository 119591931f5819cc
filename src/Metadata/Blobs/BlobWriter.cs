using System.Buffers;
using System.Security.Cryptography;

namespace Rag.Metadata;

/// <summary>
/// Collects pieces and hashes them on the way. A file of less than a piece is written by one transaction, when it is
/// complete.
/// </summary>
internal sealed class BlobWriter(IBlobPieces store, Guid jobId) : IBlobWriter
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private byte[]? _buffer;
    private int _buffered;
    private long? _id;
    private long _pieces;
    private bool _complete;
    private bool _disposed;

    public long Length { get; private set; }

    public async ValueTask AppendAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_disposed || _complete, this);
        _hash.AppendData(bytes.Span);
        Length += bytes.Length;
        while (!bytes.IsEmpty)
        {
            if (_buffered == store.PieceBytes)
                await FlushAsync(cancellationToken);
            _buffer = Grown(bytes.Length);
            var count = Math.Min(bytes.Length, _buffer.Length - _buffered);
            count = Math.Min(count, store.PieceBytes - _buffered);
            bytes.Span[..count].CopyTo(_buffer.AsSpan(_buffered));
            _buffered += count;
            bytes = bytes[count..];
        }
    }

    public async Task<BlobContent> CompleteAsync(CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_disposed || _complete, this);
        var content = new BlobContent(Length, _hash.GetHashAndReset());
        await store.CompleteAsync(
            jobId, _id, _pieces, _buffer.AsMemory(0, _buffered), content, cancellationToken);
        _complete = true;
        return content;
    }

    public async ValueTask DisposeAsync()
    {
        if (_disposed)
            return;
        _disposed = true;
        _hash.Dispose();
        if (_buffer is not null)
            ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = null;
        if (!_complete && _id is not null)
            await store.DeleteAsync(jobId, CancellationToken.None);
    }

    private async ValueTask FlushAsync(CancellationToken cancellationToken)
    {
        _id = await store.AppendAsync(jobId, _id, _pieces, _buffer.AsMemory(0, _buffered), cancellationToken);
        _pieces++;
        _buffered = 0;
    }

    /// <summary>Small files keep a small buffer.</summary>
    private byte[] Grown(int more)
    {
        var wanted = (int)Math.Min((long)_buffered + more, store.PieceBytes);
        if (_buffer is not null && _buffer.Length >= wanted)
            return _buffer;
        var grown = ArrayPool<byte>.Shared.Rent(wanted);
        if (_buffer is not null)
        {
            _buffer.AsSpan(0, _buffered).CopyTo(grown);
            ArrayPool<byte>.Shared.Return(_buffer);
        }

        return grown;
    }
}
