using Rag.Engine.Storage;
using Rag.Testing;

namespace Rag.Engine.Tests.Storage;

public sealed class SnapshotTests : IDisposable
{
    private static readonly SliceId Slice = new(Guid.CreateVersion7(), 5);
    private static readonly SnapshotHeader Header = new(Slice, 2, 77, 3, 42, 1_700_000_000_000);

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Sections_come_back_as_they_were_written()
    {
        var graph = Bytes(1, 300_000);
        var rows = Bytes(2, 200_001);
        var path = Write(graph, rows);
        using var reader = Open(path);
        reader.Header.ShouldBe(Header);
        reader.Has("graph").ShouldBeTrue();
        reader.Has("other").ShouldBeFalse();
        reader.LengthOf("graph").ShouldBe(300_000);
        ReadAll(reader.OpenSection("graph")).ShouldBe(graph);
        ReadAll(reader.OpenSection("empty")).ShouldBeEmpty();
        ReadAll(reader.OpenSection("rows")).ShouldBe(rows);
        using var map = reader.Map("rows");
        map.Length.ShouldBe(200_001);
        map.Slice(0, 200_001).ToArray().ShouldBe(rows);
        map.Slice(65_530, 20).ToArray().ShouldBe(rows[65_530..65_550]);
        unsafe
        {
            ((long)map.Pointer % 4096).ShouldBe(0);
        }
        using var none = reader.Map("no rows");
        none.Length.ShouldBe(0);
        none.Slice(0, 0).Length.ShouldBe(0);
    }

    [Fact]
    public void A_map_outlives_its_reader_and_the_deletion_of_the_file()
    {
        var rows = Bytes(3, 150_000);
        var path = Write([], rows);
        MappedSection map;
        using (var reader = Open(path))
            map = reader.Map("rows");
        File.Delete(path);
        map.Slice(100_000, 50_000).ToArray().ShouldBe(rows[100_000..]);
        map.Dispose();
        map.Dispose();
    }

    [Fact]
    public void A_damaged_block_of_a_map_is_found_when_it_is_touched_and_the_others_serve_on()
    {
        var rows = Bytes(4, 4 * SnapshotFormat.BlockLength);
        var path = Write([], rows);
        var bytes = File.ReadAllBytes(path);
        var start = bytes.AsSpan().IndexOf(rows.AsSpan(0, 64));
        bytes[start + (2 * SnapshotFormat.BlockLength) + 99] ^= 4;
        File.WriteAllBytes(path, bytes);
        using var reader = Open(path);
        using var map = reader.Map("rows");
        map.Slice(0, 2 * SnapshotFormat.BlockLength).ToArray().ShouldBe(rows[..(2 * SnapshotFormat.BlockLength)]);
        for (var i = 0; i < 2; i++)
            Should.Throw<CorruptDataException>(() => map.Verify((2 * SnapshotFormat.BlockLength) + 500, 1));
        map.Slice(3 * SnapshotFormat.BlockLength, 10).ToArray()
            .ShouldBe(rows[(3 * SnapshotFormat.BlockLength)..][..10]);
    }

    [Fact]
    public void A_change_of_any_byte_and_a_cut_at_any_length_is_found()
    {
        var disk = new FaultyFileSystem();
        Write(disk, "/s/one.snapshot", Bytes(5, 700), Bytes(6, 500));
        var path = disk.Paths().Single();
        var good = disk.Bytes(path);
        var inPadding = 0;
        for (var at = 0; at < good.Length; at++)
        {
            disk.Damage(path, _ => good.ToArray());
            disk.Damage(path, bytes =>
            {
                bytes[at] ^= 0x10;
                return bytes;
            });
            if (IsWhole(disk, path))
                inPadding++;
        }
        // Bytes before an aligned section belong to nothing.
        inPadding.ShouldBeLessThan(4096 * 2);
        good.Length.ShouldBeGreaterThan(inPadding + 1200);
        for (var length = 0; length < good.Length; length += 7)
        {
            disk.Damage(path, _ => good[..length]);
            IsWhole(disk, path).ShouldBeFalse();
        }
        disk.Damage(path, _ => good);
        IsWhole(disk, path).ShouldBeTrue();
    }

    [Fact]
    public void A_snapshot_of_another_slice_or_generation_is_refused()
    {
        var folder = new SnapshotFolder(LocalFileSystem.Instance, _folder.Path);
        using (var writer = folder.Create(Header, ChecksumCodec.Instance))
            writer.Complete();
        var other = Slice with { Partition = 6 };
        Directory.CreateDirectory(Path.GetDirectoryName(folder.PathOf(other, 42))!);
        File.Copy(folder.PathOf(Slice, 42), folder.PathOf(other, 42));
        File.Copy(folder.PathOf(Slice, 42), folder.PathOf(Slice, 43));
        Should.Throw<CorruptDataException>(() => folder.Open(other, 42, ChecksumCodec.Instance));
        Should.Throw<CorruptDataException>(() => folder.Open(Slice, 43, ChecksumCodec.Instance));
        Should.Throw<CorruptDataException>(() => folder.Open(Slice, 44, ChecksumCodec.Instance));
        using var good = folder.Open(Slice, 42, ChecksumCodec.Instance);
        folder.List().Count().ShouldBe(3);
    }

    [Fact]
    public void A_snapshot_is_there_whole_after_a_loss_of_power_or_not_at_all()
    {
        for (var seed = 0; seed < 20; seed++)
        {
            var disk = new FaultyFileSystem();
            using var writer = new SnapshotWriter(disk, "/s/a/one.snapshot", Header, ChecksumCodec.Instance);
            using (var section = writer.BeginSection("graph"))
                section.Write(Bytes(seed, 500_000));
            var before = disk.LosePower(new Random(seed));
            before.Exists("/s/a/one.snapshot").ShouldBeFalse();
            writer.Complete();
            IsWhole(disk.LosePower(new Random(seed)), "/s/a/one.snapshot").ShouldBeTrue();
        }
    }

    [Fact]
    public void A_writer_that_fails_leaves_nothing_behind_and_the_sweep_deletes_what_is_not_current()
    {
        var disk = new FaultyFileSystem();
        var folder = new SnapshotFolder(disk, "/s");
        using (var writer = folder.Create(Header, ChecksumCodec.Instance))
        {
            disk.WriteError = 28;
            using (var section = writer.BeginSection("graph"))
                section.Write(new byte[1000]);
            Should.Throw<IOException>(() => writer.Complete());
            disk.WriteError = 0;
        }
        disk.Paths().ShouldBeEmpty();
        foreach (var generation in new[] { 1ul, 2ul })
        {
            using var writer = folder.Create(Header with { Generation = generation }, ChecksumCodec.Instance);
            writer.Complete();
        }
        disk.OpenOrCreate("/s/aa/bb/x.snapshot.tmp");
        folder.Sweep((slice, generation) => slice == Slice && generation == 2).ShouldBe(2);
        folder.List().ShouldBe([(Slice, 2ul)]);
    }

    [Fact]
    public void Misuse_of_a_writer_is_refused()
    {
        using var writer = new SnapshotWriter(
            new FaultyFileSystem(), "/s/x.snapshot", Header, ChecksumCodec.Instance);
        using (writer.BeginSection("a"))
        {
            Should.Throw<InvalidOperationException>(() => writer.BeginSection("b"));
            Should.Throw<InvalidOperationException>(() => writer.Complete());
        }
        Should.Throw<ArgumentException>(() => writer.BeginSection("a"));
        Should.Throw<ArgumentException>(() => writer.BeginSection(""));
        writer.Complete();
        Should.Throw<ObjectDisposedException>(() => writer.BeginSection("c"));
    }

    private static byte[] Bytes(int seed, int count)
    {
        var bytes = new byte[count];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    private static bool IsWhole(FaultyFileSystem disk, string path)
    {
        try
        {
            using var reader = SnapshotReader.Open(disk, path, Slice, ChecksumCodec.Instance);
            reader.VerifyAll(default);
            return reader.Header == Header;
        }
        catch (CorruptDataException)
        {
            return false;
        }
    }

    private static byte[] ReadAll(Stream stream)
    {
        using (stream)
        {
            using var memory = new MemoryStream();
            stream.CopyTo(memory);
            return memory.ToArray();
        }
    }

    private static void Write(IStorageFileSystem files, string path, byte[] graph, byte[] rows)
    {
        using var writer = new SnapshotWriter(files, path, Header, ChecksumCodec.Instance);
        using (var section = writer.BeginSection("graph"))
        {
            foreach (var part in graph.Chunk(12_345))
                section.Write(part);
        }
        writer.BeginSection("empty").Dispose();
        using (var section = writer.BeginMappedSection("rows"))
        {
            foreach (var part in rows.Chunk(4_567))
                section.Write(part);
        }
        writer.BeginMappedSection("no rows").Dispose();
        var length = writer.Complete();
        using var file = files.OpenRead(path);
        file.Length.ShouldBe(length);
    }

    private string Write(byte[] graph, byte[] rows)
    {
        var path = _folder.Combine("one.snapshot");
        Write(LocalFileSystem.Instance, path, graph, rows);
        return path;
    }

    private static SnapshotReader Open(string path) =>
        SnapshotReader.Open(LocalFileSystem.Instance, path, Slice, ChecksumCodec.Instance);
}
