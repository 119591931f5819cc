using System.Security.Cryptography;

namespace Rag.Metadata;

/// <summary>
/// Reads a blob a piece at a time, each in a short read of its own, so that no long read keeps the database from
/// clearing up behind itself. Hashes while the reading is sequential from the start. For one caller at a time.
/// </summary>
internal sealed class BlobReadStream(IBlobPieces store, StoredBlob blob) : Stream
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private byte[]? _piece;
    private long _pieceNumber = -1;
    private long _position;
    private long _hashed;

    public override bool CanRead => true;

    public override bool CanSeek => true;

    public override bool CanWrite => false;

    public override long Length => blob.SizeBytes;

    public override long Position
    {
        get => _position;
        set
        {
            ArgumentOutOfRangeException.ThrowIfNegative(value);
            _position = value;
        }
    }

    public override async ValueTask<int> ReadAsync(
        Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (buffer.IsEmpty || _position >= blob.SizeBytes)
            return 0;
        var number = _position / store.PieceBytes;
        if (number != _pieceNumber)
        {
            _piece = await store.ReadPieceAsync(blob.Id, number, cancellationToken);
            _pieceNumber = number;
            CheckPiece(number);
        }

        var offset = (int)(_position % store.PieceBytes);
        var count = Math.Min(buffer.Length, _piece!.Length - offset);
        _piece.AsSpan(offset, count).CopyTo(buffer.Span);
        Hash(offset, count);
        _position += count;
        return count;
    }

    public override Task<int> ReadAsync(
        byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <summary>For readers that know no async, such as zip archives; a piece is read on the caller's thread.</summary>
    public override int Read(byte[] buffer, int offset, int count)
    {
        // SQLite's reads complete on the caller's thread unless all readers are taken; a server's are waited for.
        var read = ReadAsync(buffer.AsMemory(offset, count));
        return read.IsCompletedSuccessfully ? read.Result : read.AsTask().GetAwaiter().GetResult();
    }

    public override long Seek(long offset, SeekOrigin origin)
    {
        Position = origin switch
        {
            SeekOrigin.Begin => offset,
            SeekOrigin.Current => _position + offset,
            _ => blob.SizeBytes + offset,
        };
        return _position;
    }

    public override void Flush()
    {
    }

    public override void SetLength(long value) => throw new NotSupportedException("A blob is read-only.");

    public override void Write(byte[] buffer, int offset, int count) =>
        throw new NotSupportedException("A blob is read-only.");

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _hash.Dispose();
        base.Dispose(disposing);
    }

    private void CheckPiece(long number)
    {
        var expected = Math.Min(store.PieceBytes, blob.SizeBytes - number * store.PieceBytes);
        if (_piece?.Length == expected)
            return;
        _pieceNumber = -1;
        throw new InvalidDataException(_piece is null
            ? "The file's bytes were deleted while they were read."
            : "A piece of the file's bytes has the wrong length: submit the file again.");
    }

    private void Hash(int offset, int count)
    {
        // Looking at the head first and then starting over is sequential too: only what is new is hashed.
        var known = _hashed - _position;
        if (known < 0 || known >= count)
            return;
        _hash.AppendData(_piece!, offset + (int)known, count - (int)known);
        _hashed += count - known;
        if (_hashed == blob.SizeBytes && !_hash.GetHashAndReset().AsSpan().SequenceEqual(blob.Sha256))
            throw new InvalidDataException("The file's bytes are not those that were stored: submit the file again.");
    }
}
