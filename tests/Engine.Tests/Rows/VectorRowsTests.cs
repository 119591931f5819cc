using System.Runtime.InteropServices;
using Rag.Engine.Rows;

namespace Rag.Engine.Tests.Rows;

public sealed class VectorRowsTests
{
    private const int Dimension = 3;

    [Fact]
    public void A_vector_comes_back_as_it_was_set()
    {
        using var rows = new VectorRows(Dimension);
        for (var row = 299; row >= 0; row--)
            rows.Set(row, Vector(row));
        for (var row = 0; row < 300; row++)
            rows[row].ToArray().ShouldBe(Vector(row));
    }

    [Fact]
    public void Setting_a_row_again_replaces_it()
    {
        using var rows = new VectorRows(Dimension);
        rows.Set(1, Vector(1));
        rows.Set(1, Vector(9));
        rows[1].ToArray().ShouldBe(Vector(9));
    }

    [Fact]
    public void A_row_that_was_never_set_is_zero()
    {
        using var rows = new VectorRows(Dimension);
        rows[7].ToArray().ShouldBe(new float[Dimension]);
        rows.Set(7, Vector(7));
        rows[6].ToArray().ShouldBe(new float[Dimension]);
        rows[100_000].ToArray().ShouldBe(new float[Dimension]);
    }

    [Fact]
    public void A_vector_of_another_dimension_is_refused()
    {
        using var rows = new VectorRows(Dimension);
        Should.Throw<ArgumentException>(() => rows.Set(0, new float[4]));
        Should.Throw<ArgumentOutOfRangeException>(() => rows.Set(-1, new float[3]));
    }

    [Fact]
    public void After_a_snapshot_rows_come_from_its_base_and_their_memory_goes()
    {
        using var rows = new VectorRows(Dimension);
        for (var row = 0; row < 1000; row++)
            rows.Set(row, Vector(row));
        var before = rows.MemoryBytes;
        rows.MarkCut();
        rows.Attach(new TestBase(rows, 1000), 1000).ShouldBeNull();
        rows.MemoryBytes.ShouldBeLessThan(before / 10);
        for (var row = 0; row < 1000; row++)
            rows[row].ToArray().ShouldBe(Vector(row));
    }

    [Fact]
    public void Memory_that_rows_were_moved_from_is_given_out_once_and_stays_readable_until_it_is_disposed()
    {
        using var rows = new VectorRows(Dimension);
        rows.Set(0, Vector(1));
        rows.TakeReplaced().ShouldBeNull();
        var before = rows[0];
        for (var row = 1; row < 64; row++)
            rows.Set(row, Vector(row));

        var grown = rows.TakeReplaced().ShouldNotBeNull();
        rows.TakeReplaced().ShouldBeNull();
        grown.MemoryBytes.ShouldBeGreaterThan(0);
        before.ToArray().ShouldBe(Vector(1));
        grown.Dispose();
        grown.MemoryBytes.ShouldBe(0);
        rows.MarkCut();
        rows.Attach(new TestBase(rows, 64), 64);

        var moved = rows.TakeReplaced().ShouldNotBeNull();
        moved.MemoryBytes.ShouldBeGreaterThan(64 * Dimension * sizeof(float));
        moved.Dispose();
        rows[0].ToArray().ShouldBe(Vector(1));
        rows[63].ToArray().ShouldBe(Vector(63));
    }

    [Fact]
    public void A_row_set_after_the_cut_is_newer_than_the_base()
    {
        using var rows = new VectorRows(Dimension);
        for (var row = 0; row < 200; row++)
            rows.Set(row, Vector(row));
        rows.MarkCut();
        var snapshot = new TestBase(rows, 200);
        rows.Set(70, Vector(-70));
        rows.Set(200, Vector(200));
        rows.Attach(snapshot, 200);
        rows[70].ToArray().ShouldBe(Vector(-70));
        rows[200].ToArray().ShouldBe(Vector(200));
        rows[71].ToArray().ShouldBe(Vector(71));
    }

    [Fact]
    public void The_next_snapshot_gives_the_former_base_back()
    {
        using var rows = new VectorRows(Dimension);
        rows.Set(0, Vector(5));
        rows.MarkCut();
        var first = new TestBase(rows, 1);
        rows.Attach(first, 1);
        rows.MarkCut();
        rows.Attach(new TestBase(rows, 1), 1).ShouldBeSameAs(first);
        rows[0].ToArray().ShouldBe(Vector(5));
    }

    [Fact]
    public void Writing_gives_every_row_below_the_limit_with_holes_as_zeros()
    {
        using var rows = new VectorRows(Dimension);
        rows.Set(0, Vector(1));
        rows.Set(2, Vector(3));
        rows.Set(3, Vector(4));
        using var stream = new MemoryStream();
        rows.WriteTo(stream, 3);
        MemoryMarshal.Cast<byte, float>(stream.ToArray()).ToArray().ShouldBe([.. Vector(1), 0, 0, 0, .. Vector(3)]);
    }

    [Fact]
    public async Task Readers_beside_the_writer_always_find_what_was_set()
    {
        using var rows = new VectorRows(Dimension);
        var written = 0;
        var reader = Task.Run(() =>
        {
            var random = new Random(1);
            for (var limit = 0; limit < 20_000; limit = Volatile.Read(ref written))
            {
                if (limit == 0)
                    continue;
                var row = random.Next(limit);
                if (!rows[row].SequenceEqual(Vector(row)))
                    throw new InvalidOperationException($"Row {row} is wrong.");
            }
        }, TestContext.Current.CancellationToken);
        for (var row = 0; row < 20_000; row++)
        {
            rows.Set(row, Vector(row));
            Volatile.Write(ref written, row + 1);
            if (row % 3000 == 2999)
            {
                rows.MarkCut();
                rows.Attach(new TestBase(rows, row + 1), row + 1);
            }
        }

        await reader;
    }

    private static float[] Vector(int row) => [row, row + 0.5f, -row];

    private sealed class TestBase : IMappedRows
    {
        private readonly float[] _data;

        public TestBase(VectorRows rows, int limit)
        {
            using var stream = new MemoryStream();
            rows.WriteTo(stream, limit);
            _data = MemoryMarshal.Cast<byte, float>(stream.ToArray()).ToArray();
        }

        public ReadOnlySpan<float> Row(int row) => _data.AsSpan(row * Dimension, Dimension);

        public void Prefetch(int row)
        {
        }

        public void Dispose()
        {
        }
    }
}
