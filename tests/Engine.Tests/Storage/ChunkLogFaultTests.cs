using System.Buffers;
using Microsoft.Extensions.Logging.Abstractions;
using Rag.Engine.Storage;
using Rag.Testing;

namespace Rag.Engine.Tests.Storage;

public sealed class ChunkLogFaultTests
{
    private const string Folder = "/chunks";

    private static readonly SliceId Slice = new(Guid.CreateVersion7(), 1);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(5, 0)]
    [InlineData(28, 0)]
    [InlineData(0, 5)]
    public async Task While_the_device_fails_records_are_taken_and_read_and_none_is_missing_afterwards(
        int writeError, int syncError)
    {
        var disk = new FaultyFileSystem();
        var health = new StorageHealth(disk, Folder, 0, TimeProvider.System);
        var random = new Random(writeError);
        var expected = new List<(long Address, byte[] Payload)>();
        await using (var log = Open(disk, health))
        {
            Fill(log, expected, random, 30);
            await log.FlushAsync(Cancel);
            disk.WriteError = writeError;
            disk.SyncError = syncError;
            Fill(log, expected, random, 60);
            await Should.ThrowAsync<IOException>(async () => await log.FlushAsync(Cancel));
            health.IsWritable.ShouldBeFalse();
            Should.Throw<IOException>(() => health.ThrowIfNotWritable(1))
                .ShouldBeOfType(writeError == 28 ? typeof(StorageFullException) : typeof(StorageFaultException));
            Fill(log, expected, random, 60);
            Check(log, expected);
            disk.WriteError = 0;
            disk.SyncError = 0;
            await Eventually.HoldsAsync(() => health.IsWritable, "the log has recovered");
            Fill(log, expected, random, 30);
            await log.FlushAsync(Cancel);
            Check(log, expected);
            expected.Select(record => record.Address).ShouldBeUnique();
        }
        await using var again = Open(disk.LosePower(new Random(2)), health);
        Check(again, expected);
        again.Scan(0, again.TailAddress).Select(entry => entry.Address)
            .ShouldBe(expected.Select(record => record.Address));
    }

    [Fact]
    public async Task What_was_flushed_survives_a_loss_of_power_and_its_addresses_are_not_given_out_again()
    {
        var random = new Random(5);
        var disk = new FaultyFileSystem();
        var flushed = new List<(long Address, byte[] Payload)>();
        for (var round = 0; round < 8; round++)
        {
            var health = new StorageHealth(disk, Folder, 0, TimeProvider.System);
            await using var log = Open(disk, health);
            Check(log, flushed);
            Fill(log, flushed, random, 20);
            await log.FlushAsync(Cancel);
            var unflushed = new List<(long Address, byte[] Payload)>();
            Fill(log, unflushed, random, 20);
            unflushed.Select(record => record.Address).Min().ShouldBeGreaterThan(flushed.Max(record => record.Address));
            disk = disk.LosePower(random);
        }
    }

    [Fact]
    public async Task Addresses_are_not_given_out_again_after_the_last_file_was_cut_short()
    {
        var disk = new FaultyFileSystem();
        var health = new StorageHealth(disk, Folder, 0, TimeProvider.System);
        long last;
        await using (var log = Open(disk, health))
        {
            log.Append(Slice, new byte[100_000]);
            last = log.Append(Slice, "last"u8);
            await log.FlushAsync(Cancel);
        }
        disk.Damage($"{Folder}/chunks.00000000", bytes => bytes[..1000]);
        await using var again = Open(disk, health);
        Should.Throw<CorruptDataException>(() => Read(again, last));
        again.Append(Slice, "new"u8).ShouldBeGreaterThan(last);
    }

    [Fact]
    public async Task A_damaged_record_is_found_and_the_others_are_read_and_listed()
    {
        var disk = new FaultyFileSystem();
        var health = new StorageHealth(disk, Folder, 0, TimeProvider.System);
        var random = new Random(6);
        var records = new List<(long Address, byte[] Payload)>();
        await using (var log = Open(disk, health))
        {
            Fill(log, records, random, 40, maxLength: 3000);
            await log.FlushAsync(Cancel);
        }
        for (var round = 0; round < 40; round++)
        {
            var copy = disk.KillProcess();
            var hit = records[round];
            var at = hit.Address + 4 + random.Next(40 + 16 + hit.Payload.Length);
            copy.Damage($"{Folder}/chunks.00000000", bytes =>
            {
                bytes[at] ^= 1;
                return bytes;
            });
            await using var log = Open(copy, health);
            Should.Throw<CorruptDataException>(() => Read(log, hit.Address));
            var others = records.Where(record => record.Address != hit.Address).ToList();
            Check(log, others);
            log.Scan(0, log.TailAddress).Select(entry => entry.Address)
                .ShouldBe(others.Select(record => record.Address));
        }
    }

    [Fact]
    public async Task A_wrong_address_or_slice_is_refused()
    {
        var disk = new FaultyFileSystem();
        await using var log = Open(disk, new StorageHealth(disk, Folder, 0, TimeProvider.System));
        var address = log.Append(Slice, "one"u8);
        var other = Slice with { Partition = 2 };
        Should.Throw<CorruptDataException>(() => log.Read(address, other, new ArrayBufferWriter<byte>()));
        await log.FlushAsync(Cancel);
        Should.Throw<CorruptDataException>(() => log.Read(address, other, new ArrayBufferWriter<byte>()));
        Should.Throw<CorruptDataException>(() => Read(log, address + 4));
        Should.Throw<CorruptDataException>(() => Read(log, -1));
        Should.Throw<CorruptDataException>(() => Read(log, long.MaxValue));
        Should.Throw<ArgumentException>(() => log.Append(Slice, new byte[(1 << 20) + 1]));
        var writer = new ArrayBufferWriter<byte>();
        (await log.ReadAsync(address, Slice, writer, Cancel)).ShouldBe(3);
    }

    [Fact]
    public async Task Readers_and_writers_do_not_disturb_each_other()
    {
        var disk = new FaultyFileSystem();
        await using var log = Open(disk, new StorageHealth(disk, Folder, 0, TimeProvider.System));
        await Task.WhenAll(Enumerable.Range(0, 4).Select(worker => Task.Run(async () =>
        {
            var random = new Random(worker);
            var mine = new List<(long Address, byte[] Payload)>();
            for (var i = 0; i < 10; i++)
            {
                Fill(log, mine, random, 15, maxLength: 30_000);
                Check(log, mine);
                await log.FlushAsync(Cancel);
            }
        })));
        disk.Paths().Count.ShouldBeGreaterThan(2);
    }

    private static ChunkLog Open(FaultyFileSystem disk, StorageHealth health) => ChunkLog.Open(
        disk,
        new ChunkLogOptions
        {
            Folder = Folder,
            MemoryBytes = 4 << 20,
            SegmentBytes = 4 << 20,
            RecoveryInterval = TimeSpan.FromMilliseconds(20),
        },
        ChecksumCodec.Instance,
        health,
        TimeProvider.System,
        NullLogger.Instance);

    private static void Fill(
        ChunkLog log, List<(long Address, byte[] Payload)> to, Random random, int count, int maxLength = 60_000)
    {
        for (var i = 0; i < count; i++)
        {
            var payload = new byte[random.Next(maxLength)];
            random.NextBytes(payload);
            to.Add((log.Append(Slice, payload), payload));
        }
    }

    private static void Check(ChunkLog log, List<(long Address, byte[] Payload)> expected)
    {
        foreach (var (address, payload) in expected)
            Read(log, address).AsSpan().SequenceEqual(payload).ShouldBeTrue();
    }

    private static byte[] Read(ChunkLog log, long address)
    {
        var writer = new ArrayBufferWriter<byte>();
        log.Read(address, Slice, writer);
        return writer.WrittenSpan.ToArray();
    }
}
