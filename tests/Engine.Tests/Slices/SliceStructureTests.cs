using System.Text;
using Rag.Engine.Indexing;
using Rag.Engine.Slices;

namespace Rag.Engine.Tests.Slices;

public sealed class SliceStructureTests
{
    [Fact]
    public void A_fingerprint_table_finds_all_numbers_under_a_fingerprint_through_growth_and_removal()
    {
        var random = new Random(3);
        var table = new FingerprintTable();
        var model = new HashSet<(uint Fingerprint, int Number)>();
        for (var step = 0; step < 20_000; step++)
        {
            // Few fingerprints, so that many numbers share one and chains wrap around.
            var fingerprint = (uint)random.Next(40) * 0x1000_0001u;
            if (random.Next(5) < 3 && model.Add((fingerprint, step)))
            {
                table.Add(fingerprint, step);
            }
            else if (model.Count > 0)
            {
                var gone = model.First();
                model.Remove(gone);
                table.Remove(gone.Fingerprint, gone.Number);
            }

            if (step % 500 != 0)
                continue;
            table.Count.ShouldBe(model.Count);
            foreach (var group in model.GroupBy(entry => entry.Fingerprint))
                Numbers(table, group.Key).ShouldBe(group.Select(entry => entry.Number), ignoreOrder: true);
            Numbers(table, 0xDEAD_BEEF).ShouldBeEmpty();
        }
    }

    [Fact]
    public async Task A_reader_finds_what_was_there_before_it_began_while_the_table_changes()
    {
        var table = new FingerprintTable();
        for (var i = 0; i < 100; i++)
            table.Add((uint)i, i);
        using var stop = new CancellationTokenSource();
        var reader = Task.Run(() =>
        {
            while (!stop.IsCancellationRequested)
            {
                for (var i = 0; i < 100; i++)
                    Numbers(table, (uint)i).ShouldContain(i);
            }
        });
        for (var i = 100; i < 30_000; i++)
        {
            table.Add((uint)(i % 700), i);
            if (i >= 300)
                table.Remove((uint)((i - 200) % 700), i - 200);
        }

        await stop.CancelAsync();
        await reader;
    }

    [Fact]
    public void What_is_retired_is_kept_until_every_reader_of_then_has_left()
    {
        var guard = new EpochGuard();
        var early = guard.Enter();
        var first = guard.Retire();
        guard.HasPassed(first).ShouldBeFalse();
        var late = guard.Enter();
        var second = guard.Retire();
        guard.Leave(early);
        guard.HasPassed(first).ShouldBeTrue();
        guard.HasPassed(second).ShouldBeFalse();
        guard.Leave(late);
        guard.HasPassed(second).ShouldBeTrue();
    }

    [Fact]
    public void Stamps_tell_visibility_and_packed_versions_keep_their_order()
    {
        var stamps = RowStamps.Born(5);
        RowStamps.IsVisible(stamps, 4).ShouldBeFalse();
        RowStamps.IsVisible(stamps, 5).ShouldBeTrue();
        stamps = RowStamps.Died(stamps, 9);
        RowStamps.IsVisible(stamps, 8).ShouldBeTrue();
        RowStamps.IsVisible(stamps, 9).ShouldBeFalse();
        RowStamps.IsAlive(stamps).ShouldBeFalse();
        RowStamps.IsVisible(RowStamps.Staged, 8).ShouldBeFalse();
        RowStamps.IsAlive(RowStamps.Staged).ShouldBeFalse();

        var versions = new[] { new WriteStamp(1, 1), new WriteStamp(1, PackedStamp.MaxSequence), new WriteStamp(2, 1),
            new WriteStamp(65_535, 7) };
        versions.Select(PackedStamp.Pack).ShouldBeInOrder();
        versions.Select(version => PackedStamp.Unpack(PackedStamp.Pack(version))).ShouldBe(versions);
        Should.Throw<InvalidDataException>(() => PackedStamp.Pack(new WriteStamp(65_536, 1)));
        var content = ContentAddress.Pack(1L << 43, 900_000);
        (ContentAddress.Address(content), ContentAddress.Length(content)).ShouldBe((1L << 43, 900_000));
    }

    [Fact]
    public void Keys_are_read_back_from_arenas_also_where_both_ids_are_the_same()
    {
        var keys = new KeyStore();
        var random = new Random(1);
        var written = new List<(long Location, string Document, string Chunk)>();
        for (var i = 0; i < 3000; i++)
        {
            var document = new string((char)('a' + random.Next(26)), random.Next(1, 257));
            var chunk = i % 3 == 0 ? document : $"c{i}";
            written.Add(
                (keys.Append(Encoding.UTF8.GetBytes(document), Encoding.UTF8.GetBytes(chunk)), document, chunk));
            if (i % 1000 == 999)
                keys.MarkCut();
        }

        foreach (var (location, document, chunk) in written)
            keys.Read(location).ToKey().ShouldBe(new ChunkKey(document, chunk));
    }

    [Fact]
    public void Keys_compare_as_their_bytes_do()
    {
        var ids = new[] { "", "a", "aa", "b", "é", "\uD7FF", "\uE000", "\uFFFD", "😀", "😀a" };
        foreach (var left in ids)
        {
            foreach (var right in ids)
            {
                Math.Sign(ChunkKey.CompareBytewise(left, right)).ShouldBe(Math.Sign(
                    Encoding.UTF8.GetBytes(left).AsSpan()
                        .SequenceCompareTo(Encoding.UTF8.GetBytes(right))), $"{left} {right}");
            }
        }
    }

    private static List<int> Numbers(FingerprintTable table, uint fingerprint)
    {
        var numbers = new List<int>();
        var candidates = table.Find(fingerprint);
        for (var number = candidates.Next(); number >= 0; number = candidates.Next())
            numbers.Add(number);
        return numbers;
    }
}
