using System.Security.Cryptography;
using Microsoft.Data.Sqlite;

namespace Rag.Metadata.Tests.Blobs;

public sealed class BlobStoreTests
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
        await using var fixture = await StoreFixture.OpenAsync();
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
        await using var fixture = await StoreFixture.OpenAsync();
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
        await using var fixture = await StoreFixture.OpenAsync();
        var jobId = Guid.CreateVersion7();
        await using (var writer = fixture.Store.Blobs.Create(jobId))
            await writer.AppendAsync(Bytes(3 * IBlobStore.PieceBytes), default);
        (await fixture.Store.Blobs.OpenReadAsync(jobId, default)).ShouldBeNull();
        Count(fixture, "pieces").ShouldBe(0);
    }

    [Fact]
    public async Task Deleting_gives_the_space_back_and_untouched_blobs_are_listed()
    {
        await using var fixture = await StoreFixture.OpenAsync();
        var big = await WriteAsync(fixture, Bytes(80 * IBlobStore.PieceBytes));
        fixture.Time.Advance(TimeSpan.FromHours(2));
        var fresh = await WriteAsync(fixture, Bytes(10));
        (await fixture.Store.Blobs.ListUntouchedAsync(TimeSpan.FromHours(1), Guid.Empty, 10, default)).ShouldBe([big]);

        await fixture.Store.Blobs.DeleteAsync(big, default);
        await fixture.Store.Blobs.DeleteAsync(big, default);
        (await fixture.Store.Blobs.OpenReadAsync(big, default)).ShouldBeNull();
        (await ReadAsync(fixture, fresh)).ShouldBe(Bytes(10));
        Count(fixture, "pieces").ShouldBe(1);
        await fixture.ReopenAsync();
        new FileInfo(Path.Combine(fixture.Folder, "blobs.db")).Length.ShouldBeLessThan(33 * IBlobStore.PieceBytes);
    }

    [Theory]
    [InlineData("UPDATE pieces SET data = zeroblob(length(data)) WHERE id = (SELECT max(id) FROM pieces)")]
    [InlineData("UPDATE pieces SET data = x'00' WHERE id = (SELECT max(id) FROM pieces)")]
    [InlineData("DELETE FROM pieces WHERE id = (SELECT max(id) FROM pieces)")]
    public async Task Damaged_bytes_are_noticed(string damage)
    {
        await using var fixture = await StoreFixture.OpenAsync();
        var jobId = await WriteAsync(fixture, Bytes(2 * IBlobStore.PieceBytes + 9));
        using (var connection = Open(fixture))
        using (var command = connection.CreateCommand())
        {
            command.CommandText = damage;
            command.ExecuteNonQuery().ShouldBe(1);
        }

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

    private static long Count(StoreFixture fixture, string table)
    {
        using var connection = Open(fixture);
        using var command = connection.CreateCommand();
        command.CommandText = $"SELECT count(*) FROM {table}";
        return (long)command.ExecuteScalar()!;
    }

    private static SqliteConnection Open(StoreFixture fixture)
    {
        var connection = new SqliteConnection($"Data Source={Path.Combine(fixture.Folder, "blobs.db")};Pooling=False");
        connection.Open();
        return connection;
    }
}
