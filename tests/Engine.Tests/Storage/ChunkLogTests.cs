using System.Buffers;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Rag.Engine.Storage;
using Rag.Testing;

namespace Rag.Engine.Tests.Storage;

public sealed class ChunkLogTests : IDisposable
{
    private static readonly SliceId One = new(Guid.CreateVersion7(), 3);
    private static readonly SliceId Two = new(Guid.CreateVersion7(), 3);

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_record_is_readable_at_once_after_a_flush_and_after_a_restart()
    {
        long first, second;
        await using (var log = Open())
        {
            first = log.Append(One, "one"u8);
            Read(log, first, One).ShouldBe("one");
            second = log.Append(Two, new byte[1 << 20]);
            await log.FlushAsync(TestContext.Current.CancellationToken);
            Read(log, first, One).ShouldBe("one");
        }
        await using var again = Open();
        Read(again, first, One).ShouldBe("one");
        Read(again, second, Two).Length.ShouldBe(1 << 20);
        again.Append(One, "three"u8).ShouldBeGreaterThan(second);
    }

    [Fact]
    public async Task Many_records_over_many_segments_are_read_listed_and_truncated()
    {
        var random = new Random(7);
        var expected = new List<(long Address, byte[] Payload)>();
        await using (var log = Open(segmentBytes: 4 << 20))
        {
            for (var i = 0; i < 1000; i++)
            {
                var payload = new byte[random.Next(0, 40_000)];
                random.NextBytes(payload);
                expected.Add((log.Append(One, payload), payload));
            }
            await log.FlushAsync(TestContext.Current.CancellationToken);
            log.Scan(0, log.TailAddress).Select(entry => entry.Address)
                .ShouldBe(expected.Select(record => record.Address));
            log.TruncateBefore(expected[600].Address);
            log.BeginAddress.ShouldBe(expected[600].Address);
            Should.Throw<CorruptDataException>(() => Read(log, expected[0].Address, One));
            foreach (var (address, payload) in expected.Skip(600))
                ReadBytes(log, address, One).ShouldBe(payload);
        }
        Directory.GetFiles(_folder.Path, "chunks.*").Length.ShouldBeLessThan(4);
        await using var again = Open(segmentBytes: 4 << 20);
        foreach (var (address, payload) in expected.Skip(600))
            ReadBytes(again, address, One).ShouldBe(payload);
    }

    [Fact]
    public async Task Records_that_are_read_ahead_are_what_they_are_one_by_one()
    {
        var random = new Random(11);
        await using var log = Open(segmentBytes: 4 << 20);
        var records = new List<(long Address, byte[] Payload)>();
        for (var i = 0; i < 3000; i++)
        {
            var payload = new byte[random.Next(1, random.Next(100) == 0 ? 100_000 : 4000)];
            random.NextBytes(payload);
            records.Add((log.Append(One, payload), payload));
            if (i == 2900)
                await log.FlushAsync(TestContext.Current.CancellationToken);
        }

        var ahead = new ChunkReadAhead();
        var (known, unknown) = (0, 0);
        for (var round = 0; round < 50; round++)
        {
            var wanted = Enumerable.Range(0, 40).Select(_ => records[random.Next(records.Count)]).ToList();
            var near = records[random.Next(records.Count - 10)..][..10];
            wanted.AddRange(near);
            foreach (var (address, payload) in wanted)
                ahead.Expect(address, log.BytesFor(payload.Length));
            log.ReadAhead(ahead);
            foreach (var (address, payload) in wanted)
            {
                _ = ahead.At(address).IsEmpty ? unknown++ : known++;
                ReadBytes(log, address, One, ahead).ShouldBe(payload);
            }

            ahead.Clear();
            ahead.At(wanted[0].Address).IsEmpty.ShouldBeTrue();
        }

        // Beyond the bound, or not in a file yet.
        unknown.ShouldBeGreaterThan(0);
        known.ShouldBeGreaterThan(unknown);
    }

    [Fact]
    public async Task A_damaged_record_that_is_read_ahead_is_found_and_its_neighbours_are_read()
    {
        await using var log = Open();
        var payloads = Enumerable.Range(0, 10).Select(i => Encoding.UTF8.GetBytes($"text number {i}")).ToList();
        var addresses = payloads.ConvertAll(payload => log.Append(One, payload));
        await log.FlushAsync(TestContext.Current.CancellationToken);
        await using (var file = new FileStream(
            Directory.GetFiles(_folder.Path, "chunks.*").Single(), FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite))
        {
            file.Position = addresses[4] + log.BytesFor(payloads[4].Length) - 3;
            var damaged = (byte)(file.ReadByte() ^ 1);
            file.Position--;
            file.WriteByte(damaged);
        }

        var ahead = new ChunkReadAhead();
        for (var i = 0; i < addresses.Count; i++)
            ahead.Expect(addresses[i], log.BytesFor(payloads[i].Length));
        log.ReadAhead(ahead);
        for (var i = 0; i < addresses.Count; i++)
        {
            if (i == 4)
                Should.Throw<CorruptDataException>(() => ReadBytes(log, addresses[4], One, ahead));
            else
                ReadBytes(log, addresses[i], One, ahead).ShouldBe(payloads[i]);
        }
    }

    private ChunkLog Open(long segmentBytes = 64 << 20) => ChunkLog.Open(
        LocalFileSystem.Instance,
        new ChunkLogOptions { Folder = _folder.Path, MemoryBytes = 4 << 20, SegmentBytes = segmentBytes },
        ChecksumCodec.Instance,
        new StorageHealth(LocalFileSystem.Instance, _folder.Path, 0, TimeProvider.System),
        TimeProvider.System,
        NullLogger.Instance);

    private static string Read(ChunkLog log, long address, SliceId slice) =>
        Encoding.UTF8.GetString(ReadBytes(log, address, slice));

    private static byte[] ReadBytes(ChunkLog log, long address, SliceId slice, ChunkReadAhead? ahead = null)
    {
        var writer = new ArrayBufferWriter<byte>();
        log.Read(address, slice, writer, ahead: ahead);
        return writer.WrittenSpan.ToArray();
    }
}
