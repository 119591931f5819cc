using System.Runtime.InteropServices;

namespace Rag.Cli.Bench;

/// <summary>
/// Rows of numbers from an fbin or ibin file: int32 count, int32 columns, then count × columns values of 4 bytes, all
/// little endian. The whole file is held in memory.
/// </summary>
/// <typeparam name="T">float or int.</typeparam>
public sealed class AnnMatrix<T>
    where T : unmanaged
{
    private const int HeaderBytes = 8;

    private readonly T[][] _rows;

    private AnnMatrix(T[][] rows, int columns)
    {
        _rows = rows;
        Columns = columns;
    }

    /// <summary>Rows in the file.</summary>
    public int Count => _rows.Length;

    /// <summary>Numbers in a row.</summary>
    public int Columns { get; }

    /// <summary>One row.</summary>
    public ReadOnlySpan<T> this[int row] => _rows[row];

    /// <summary>Reads a file and checks that its header fits its length.</summary>
    /// <exception cref="InvalidDataException">It is not such a file.</exception>
    public static AnnMatrix<T> Read(string path, int maxColumns)
    {
        using var file = File.OpenRead(path);
        Span<byte> header = stackalloc byte[HeaderBytes];
        if (file.Length < HeaderBytes)
            throw new InvalidDataException($"{path} has {file.Length} bytes; the header alone takes {HeaderBytes}.");
        file.ReadExactly(header);
        var count = BitConverter.ToInt32(header);
        var columns = BitConverter.ToInt32(header[4..]);
        if (count < 1 || columns < 1 || columns > maxColumns)
            throw new InvalidDataException($"{path} says {count} rows of {columns}; 1…{maxColumns} columns are read.");
        var expected = HeaderBytes + (long)count * columns * 4;
        if (file.Length != expected)
            throw new InvalidDataException($"{path} has {file.Length} bytes; {count} rows of {columns} take {expected}.");
        using var buffered = new BufferedStream(file, 1 << 20);
        var rows = new T[count][];
        for (var i = 0; i < count; i++)
        {
            rows[i] = new T[columns];
            buffered.ReadExactly(MemoryMarshal.AsBytes(rows[i].AsSpan()));
        }

        return new AnnMatrix<T>(rows, columns);
    }
}
