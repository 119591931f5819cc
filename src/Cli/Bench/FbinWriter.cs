using System.Runtime.InteropServices;

namespace Rag.Cli.Bench;

/// <summary>
/// Writes vectors as <see cref="AnnMatrix{T}"/> reads them: int32 count, int32 dimension, float32 rows, little endian. The
/// count is filled in at the end; a file that was not completed says that it has no rows.
/// </summary>
internal sealed class FbinWriter(string path) : IDisposable
{
    private readonly BufferedStream _stream = new(File.Create(path), 1 << 20);
    private int _count;
    private int _dimension;

    /// <summary>Adds a vector of the same dimension as all before it.</summary>
    public void Add(ReadOnlySpan<float> vector)
    {
        if (_count++ == 0)
        {
            _dimension = vector.Length;
            WriteHeader(0);
        }

        if (vector.Length != _dimension)
            throw new ArgumentException($"The vector has {vector.Length} components, those before it have {_dimension}.");
        _stream.Write(MemoryMarshal.AsBytes(vector));
    }

    /// <summary>Fills in the count.</summary>
    public void Complete()
    {
        _stream.Seek(0, SeekOrigin.Begin);
        WriteHeader(_count);
        _stream.Flush();
    }

    public void Dispose() => _stream.Dispose();

    private void WriteHeader(int count) => _stream.Write(MemoryMarshal.AsBytes<int>([count, _dimension]));
}
