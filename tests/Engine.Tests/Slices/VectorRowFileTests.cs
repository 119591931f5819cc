using Rag.Engine.Rows;
using Rag.Engine.Slices;
using Rag.Engine.Storage;
using Rag.Testing;

namespace Rag.Engine.Tests.Slices;

public sealed class VectorRowFileTests : IDisposable
{
    private const int Dimension = 48;
    private const int Count = 1500;

    private readonly TemporaryFolder _folder = new();
    private readonly VectorRows _rows = new(Dimension);

    private string FilePath => _folder.Combine("rows");

    public void Dispose()
    {
        _rows.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void Rows_are_read_from_the_file_and_their_memory_goes()
    {
        Fill();
        var before = _rows.MemoryBytes;
        var length = VectorRowFile.MoveTo(FilePath, _rows, Count);

        length.ShouldBe(new FileInfo(FilePath).Length);
        length.ShouldBeGreaterThanOrEqualTo(Count * Dimension * sizeof(float));
        _rows.MemoryBytes.ShouldBeLessThan(before / 20);
        for (var row = 0; row < Count; row++)
            _rows[row].SequenceEqual(Vector(row)).ShouldBeTrue($"row {row}");
    }

    [Fact]
    public void Rows_above_the_limit_and_later_ones_stay_in_memory()
    {
        Fill();
        VectorRowFile.MoveTo(FilePath, _rows, Count - 10);
        _rows.Set(3, Vector(7777));

        _rows[3].SequenceEqual(Vector(7777)).ShouldBeTrue();
        _rows[Count - 1].SequenceEqual(Vector(Count - 1)).ShouldBeTrue();
        _rows[4].SequenceEqual(Vector(4)).ShouldBeTrue();
    }

    [Fact]
    public void A_damaged_block_is_never_read_as_numbers()
    {
        Fill();
        VectorRowFile.MoveTo(FilePath, _rows, Count);
        using (var file = File.OpenWrite(FilePath))
        {
            file.Position = 4096 + 100;
            file.Write([1, 2, 3, 4]);
        }

        Should.Throw<CorruptDataException>(() => _rows[0].Length);
        _rows[Count - 1].SequenceEqual(Vector(Count - 1)).ShouldBeTrue();
    }

    private static float[] Vector(int row) => [.. Enumerable.Range(0, Dimension).Select(i => row + i / 64f)];

    private void Fill()
    {
        for (var row = 0; row < Count; row++)
            _rows.Set(row, Vector(row));
    }
}
