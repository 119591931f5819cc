using System.Security.Cryptography;

namespace Rag.Metadata.Tests.Blobs;

public abstract class BlobStoreTests(StoreBackend backend)
{
    [Theory]
    [InlineData(0, 1)]
    [InlineData(5, 5)]
    [InlineData(IBlobStore.PieceBytes, IBlobStore.PieceBytes)]
    [InlineData(IBlobStore.PieceBytes + 1, 4096)]
    [InlineData(3 * IBlobStore.PieceBytes, 2 * IBlobStore.PieceBytes)]
    [InlineData(5_000_001, 777_777)]
    public async Task What_is_written_in_pieces_of_any_size_is_read_back(int length, int step)
    {
        await using var fixture = await backend.OpenAsync();
        var bytes = Bytes(length);
        var jobId = Guid.CreateVersion7();
        await using (var writer = fixture.Store.Blobs.Create(jobId))
        {
            for (var at = 0; at < length; at += step)
                await writer.AppendAsync(bytes.AsMemory(at, Math.Min(step, length - at)), default);
            (await fixture.Store.Blobs.OpenReadAsync(jobId, default)).ShouldBeNull();
            var content = await writer.CompleteAsync(default);
            content.SizeBytes.ShouldBe(length);
            content.Sha256.ToArray().ShouldBe(SHA256.HashData(bytes));
        }

        await fixture.ReopenAsync();
        (await ReadAsync(fixture, jobId)).ShouldBe(bytes);
    }

    [Fact]
    public async Task A_blob_can_be_sought_and_its_head_be_looked_at_first()
    {
        await using var fixture = await backend.OpenAsync();
        var bytes = Bytes(2 * IBlobStore.PieceBytes + 100);
        var jobId = await WriteAsync(fixture, bytes);
        await using var stream = (await fixture.Store.Blobs.OpenReadAsync(jobId, default))!;
        var head = new byte[4096];
        await stream.ReadExactlyAsync(head);
        head.ShouldBe(bytes[..4096]);
        stream.Seek(-50, SeekOrigin.End);
        stream.ReadByte().ShouldBe(bytes[^50]);
        stream.Position = 0;
        var whole = new MemoryStream();
        await stream.CopyToAsync(whole);
        whole.ToArray().ShouldBe(bytes);
    }

    [Fact]
    public async Task An_upload_that_is_not_completed_leaves_nothing()
    {
        await using var fixture = await backend.OpenAsync();
        var jobId = Guid.CreateVersion7();
        await using (var writer = fixture.Store.Blobs.Create(jobId))
            await writer.AppendAsync(Bytes(3 * IBlobStore.PieceBytes), default);
        (await fixture.Store.Blobs.OpenReadAsync(jobId, default)).ShouldBeNull();
        (await fixture.CountPiecesAsync()).ShouldBe(0);
    }

    [Fact]
    public async Task A_blob_is_deleted_with_its_pieces_and_untouched_ones_are_listed()
    {
        await using var fixture = await backend.OpenAsync();
        var big = await WriteAsync(fixture, Bytes(80 * IBlobStore.PieceBytes));
        fixture.Time.Advance(TimeSpan.FromHours(2));
        var fresh = await WriteAsync(fixture, Bytes(10));
        (await fixture.Store.Blobs.ListUntouchedAsync(TimeSpan.FromHours(1), Guid.Empty, 10, default)).ShouldBe([big]);

        await fixture.Store.Blobs.DeleteAsync(big, default);
        await fixture.Store.Blobs.DeleteAsync(big, default);
        (await fixture.Store.Blobs.OpenReadAsync(big, default)).ShouldBeNull();
        (await ReadAsync(fixture, fresh)).ShouldBe(Bytes(10));
        (await fixture.CountPiecesAsync()).ShouldBe(1);
    }

    [Theory]
    [InlineData(PieceDamage.Zeroed)]
    [InlineData(PieceDamage.Cut)]
    [InlineData(PieceDamage.Lost)]
    public async Task Damaged_bytes_are_noticed(PieceDamage damage)
    {
        await using var fixture = await backend.OpenAsync();
        var jobId = await WriteAsync(fixture, Bytes(2 * IBlobStore.PieceBytes + 9));
        await fixture.DamageLastPieceAsync(damage);
        await Should.ThrowAsync<InvalidDataException>(() => ReadAsync(fixture, jobId));
    }

    private static byte[] Bytes(int length)
    {
        var bytes = new byte[length];
        new Random(17).NextBytes(bytes);
        return bytes;
    }

    private static async Task<Guid> WriteAsync(StoreFixture fixture, byte[] bytes)
    {
        var jobId = Guid.CreateVersion7();
        await using var writer = fixture.Store.Blobs.Create(jobId);
        await writer.AppendAsync(bytes, default);
        await writer.CompleteAsync(default);
        return jobId;
    }

    private static async Task<byte[]> ReadAsync(StoreFixture fixture, Guid jobId)
    {
        await using var stream = (await fixture.Store.Blobs.OpenReadAsync(jobId, default))!;
        var copy = new MemoryStream();
        await stream.CopyToAsync(copy);
        return copy.ToArray();
    }
}

public sealed class SqliteBlobStoreTests() : BlobStoreTests(StoreBackend.Sqlite);

public sealed class PostgresBlobStoreTests(SharedPostgres server) : BlobStoreTests(server.Backend);
