using Rag.Ingestor.Chunking;
using Rag.Ingestor.Extraction;

namespace Rag.Ingestor.Tests;

/// <summary>Measures the whole process, so nothing runs beside it.</summary>
[Collection(nameof(BoundedMemoryTests))]
[CollectionDefinition(nameof(BoundedMemoryTests), DisableParallelization = true)]
public sealed class BoundedMemoryTests
{
    [Fact]
    public async Task A_text_of_40_megabytes_is_chunked_in_bounded_memory()
    {
        const long length = 40L << 20;
        var content = new RepeatingStream("Lines of a long log are read one after another.\nNothing of them is kept. \n\n"u8.ToArray(), length);
        using var extraction = await new DocumentExtractor().OpenAsync(new SourceFile("big.txt", content), TestContext.Current.CancellationToken);
        var before = GC.GetTotalMemory(forceFullCollection: true);
        long most = 0;
        long chunks = 0;
        foreach (var chunk in new Chunker(new ChunkingOptions(), new WordCounter()).Split(extraction.ReadBlocks(TestContext.Current.CancellationToken)))
        {
            if (++chunks % 10_000 == 0)
                most = Math.Max(most, GC.GetTotalMemory(forceFullCollection: true) - before);
        }

        extraction.Failure.ShouldBeNull();
        extraction.Characters.ShouldBeGreaterThan(length - 1000);
        chunks.ShouldBeGreaterThan(20_000);
        most.ShouldBeLessThan(16L << 20);
    }

    [Theory]
    [InlineData("big.txt", "one endless line without any end ")]
    [InlineData("big.txt", "                                ")]
    [InlineData("big.txt", "\n")]
    [InlineData("big.md", "# Title\n\nSome *words* here.\n\n")]
    [InlineData("big.csv", "some,row,of,a,table\n")]
    [InlineData("big.jsonl", "{\"key\": \"some value\", \"other\": [1, 2, 3]}\n")]
    public async Task Megabytes_of_one_thing_are_read_in_bounded_memory(string name, string piece)
    {
        var content = new RepeatingStream(System.Text.Encoding.UTF8.GetBytes(piece), 3L << 20);
        using var extraction = await new DocumentExtractor().OpenAsync(new SourceFile(name, content), TestContext.Current.CancellationToken);
        var before = GC.GetTotalMemory(forceFullCollection: true);
        long most = 0;
        var read = 0;
        foreach (var chunk in new Chunker(new ChunkingOptions(), new WordCounter()).Split(extraction.ReadBlocks(TestContext.Current.CancellationToken)))
        {
            if (++read % 2_000 == 0)
                most = Math.Max(most, GC.GetTotalMemory(forceFullCollection: true) - before);
        }

        most.ShouldBeLessThan(8L << 20);
    }

    /// <summary>The same bytes over and over, cut off within the last repetition's line.</summary>
    private sealed class RepeatingStream(byte[] piece, long length) : Stream
    {
        public override bool CanRead => true;

        public override bool CanSeek => true;

        public override bool CanWrite => false;

        public override long Length { get; } = length / piece.Length * piece.Length;

        public override long Position { get; set; }

        public override int Read(Span<byte> buffer)
        {
            var count = (int)Math.Min(buffer.Length, Length - Position);
            for (var i = 0; i < count;)
            {
                var from = (int)((Position + i) % piece.Length);
                var part = Math.Min(count - i, piece.Length - from);
                piece.AsSpan(from, part).CopyTo(buffer[i..]);
                i += part;
            }

            Position += count;
            return count;
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            ValueTask.FromResult(Read(buffer.Span));

        public override long Seek(long offset, SeekOrigin origin) => Position = offset;

        public override void Flush()
        {
        }

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
