using Rag.Engine.Storage;

namespace Rag.Engine.Tests.Storage;

public sealed class LargeFileTests
{
    [Fact]
    public void A_large_file_is_synced_in_steps_and_a_small_one_once()
    {
        SyncsOf(bytes: 50 << 20).ShouldBe(13);
        SyncsOf(bytes: 1 << 20).ShouldBe(1);
    }

    [Fact]
    public async Task Work_in_the_background_gives_its_result_or_its_failure()
    {
        (await BackgroundThread.RunAsync("test", () => 42)).ShouldBe(42);
        var failure = await Should.ThrowAsync<IOException>(
            () => BackgroundThread.RunAsync<int>("test", () => throw new IOException("broken")));
        failure.Message.ShouldBe("broken");
    }

    private static int SyncsOf(int bytes)
    {
        var file = new CountingFile();
        using var writer = new BufferedFileWriter(file);
        var block = new byte[1 << 20];
        for (var written = 0; written < bytes; written += block.Length)
            writer.Write(block);
        writer.Sync();
        file.Length.ShouldBe(bytes);
        return file.Syncs;
    }

    private sealed class CountingFile : IStorageFile
    {
        public int Syncs { get; private set; }

        public long Length { get; private set; }

        public int Read(long offset, Span<byte> buffer) => throw new NotSupportedException();

        public void Write(long offset, ReadOnlySpan<byte> bytes)
        {
            offset.ShouldBe(Length);
            Length += bytes.Length;
        }

        public void SetLength(long length) => throw new NotSupportedException();

        public void Sync() => Syncs++;

        public void Dispose()
        {
        }
    }
}
