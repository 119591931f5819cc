using System.Buffers;
using System.Buffers.Binary;
using Rag.Engine.Mutations;
using Rag.Engine.Slices;
using Rag.Engine.Storage;

namespace Rag.Engine;

/// <summary>
/// One slice on its way to another store: its snapshot's file as it is, then the texts and metadata that the snapshot
/// names, row by row. Both can be read from anywhere on. Not thread-safe; dispose it soon, it holds the chunk log.
/// <code>
/// contents     4  row   4  length   …  content through the codec       in rising order of rows
/// </code>
/// </summary>
public sealed class SliceExport : IDisposable
{
    /// <summary>Bytes before each content: row and length.</summary>
    internal const int ContentHeader = 8;

    private readonly StoreContext _context;
    private readonly SnapshotReader _file;
    private readonly IDisposable _pin;
    private readonly List<(int Row, ulong Content)> _contents;

    internal SliceExport(StoreContext context, SnapshotReader file, IDisposable pin)
    {
        _context = context;
        _file = file;
        _pin = pin;
        _contents = ContentColumn.Read(file);
    }

    /// <summary>The slice.</summary>
    public SliceId Slice => _file.Header.Slice;

    /// <summary>Number of the snapshot in its store: the same number is the same bytes.</summary>
    public ulong Generation => _file.Header.Generation;

    /// <summary>Bytes of the snapshot's file.</summary>
    public long SnapshotBytes => _file.Length;

    /// <summary>Reads the snapshot's file; returns how many bytes were read, 0 at its end.</summary>
    public int ReadSnapshot(long offset, Span<byte> to) => _file.ReadRaw(offset, to);

    /// <summary>
    /// Appends contents from a row on to <paramref name="to"/>, as many as fit into <paramref name="bytes"/> but at least
    /// one.
    /// </summary>
    /// <returns>The row to go on with, −1 at the end.</returns>
    /// <exception cref="StoreException">DataLoss: a text is damaged.</exception>
    public int ReadContents(int fromRow, int bytes, IBufferWriter<byte> to)
    {
        ArgumentNullException.ThrowIfNull(to);
        var at = _contents.BinarySearch((fromRow, 0));
        if (at < 0)
            at = ~at;
        using var content = new PayloadWriter(4096);
        try
        {
            for (var written = 0; at < _contents.Count; at++)
            {
                var (row, place) = _contents[at];
                var most = ContentHeader + _context.Codec.MaxEncodedLength(ContentAddress.Length(place));
                if (written > 0 && written + most > bytes)
                    return row;
                content.TruncateTo(0);
                _context.Contents.Read(Slice, place, content);
                var span = to.GetSpan(most);
                var length = _context.Codec.Encode(Slice.WorkspaceUid, content.WrittenSpan, span[ContentHeader..]);
                BinaryPrimitives.WriteInt32LittleEndian(span, row);
                BinaryPrimitives.WriteInt32LittleEndian(span[4..], length);
                to.Advance(ContentHeader + length);
                written += ContentHeader + length;
            }
        }
        catch (CorruptDataException damaged)
        {
            throw StoreErrors.Of(damaged);
        }

        return -1;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _file.Dispose();
        _pin.Dispose();
    }
}
