using System.Globalization;
using System.Text;
using Rag.Ingestor.Chunking;
using Rag.Ingestor.Extraction;

namespace Rag.Ingestor.Tests;

public sealed class ChunkerTests
{
    private static readonly WordCounter Counter = new();

    [Fact]
    public async Task Chunks_are_exact_pieces_of_the_text_in_order_and_cover_every_word()
    {
        var text = Prose(seed: 1, paragraphs: 400);
        var file = await Extracted.FromTextAsync("a.txt", text);
        var chunks = file.Chunks();
        chunks.Count.ShouldBeGreaterThan(50);
        long covered = 0;
        foreach (var (chunk, ordinal) in chunks.Select((chunk, i) => (chunk, i)))
        {
            chunk.Ordinal.ShouldBe(ordinal);
            chunk.Text.ShouldBe(text[(int)chunk.Start..(int)chunk.End]);
            chunk.Tokens.ShouldBe(Counter.Count(chunk.Text));
            chunk.Tokens.ShouldBeLessThanOrEqualTo(254);
            if (chunk.Start > covered)
                text[(int)covered..(int)chunk.Start].ShouldBeNullOrWhiteSpace();
            covered = chunk.End;
        }

        text[(int)covered..].ShouldBeNullOrWhiteSpace();
        chunks.Average(chunk => chunk.Tokens).ShouldBeInRange(140, 254);
        chunks.Select(chunk => chunk.Id).ShouldBe(chunks.Select(chunk => chunk.Id).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_chunk_repeats_the_end_of_the_one_before_by_whole_sentences()
    {
        var text = string.Join(' ', Enumerable.Range(0, 100).Select(i => $"Sentence number {i} has just a few words."));
        var file = await Extracted.FromTextAsync("a.txt", text);
        var chunks = file.Chunks(new ChunkingOptions { TargetTokens = 50, MaxTokens = 60, OverlapTokens = 20 });
        foreach (var (former, next) in chunks.Zip(chunks.Skip(1)))
        {
            next.Start.ShouldBeLessThan(former.End);
            var repeated = text[(int)next.Start..(int)former.End];
            Counter.Count(repeated).ShouldBeInRange(1, 20);
            repeated.ShouldStartWith("Sentence number");
        }

        var bare = file.Chunks(new ChunkingOptions { TargetTokens = 50, MaxTokens = 60, OverlapTokens = 0 });
        bare.Zip(bare.Skip(1)).ShouldAllBe(pair => pair.Second.Start >= pair.First.End);
    }

    [Fact]
    public async Task Chunks_begin_at_headings_and_know_their_path()
    {
        var section = string.Join(' ', Enumerable.Repeat("Several words make up this sentence here.", 10));
        var markdown = $"# Guide\n\n{section}\n\n## Install\n\n### Linux\n\n{section}\n\n### Windows\n\n{section}\n\n## Use\n\n{section}";
        var file = await Extracted.FromTextAsync("a.md", markdown);
        var chunks = file.Chunks();
        chunks.Select(chunk => string.Join(" > ", chunk.HeadingPath)).ShouldBe(
            ["Guide", "Guide > Install > Linux", "Guide > Install > Windows", "Guide > Use"]);
        chunks[1].Text.ShouldStartWith("Install\n\nLinux\n\nSeveral words");
        chunks.ShouldAllBe(chunk => chunk.Text.EndsWith("here."));
    }

    [Fact]
    public async Task Small_sections_share_a_chunk()
    {
        var file = await Extracted.FromTextAsync("a.md", "# A\n\nOne.\n\n# B\n\nTwo.\n\n# C\n\nThree.");
        file.Chunks().Single().Text.ShouldBe("A\n\nOne.\n\nB\n\nTwo.\n\nC\n\nThree.");
    }

    [Fact]
    public async Task A_heading_at_the_end_is_not_lost()
    {
        var section = string.Join(' ', Enumerable.Repeat("Several words make up this sentence here.", 10));
        var chunks = (await Extracted.FromTextAsync("a.md", $"# A\n\n{section}\n\n# Last")).Chunks();
        chunks[^1].Text.ShouldEndWith("Last");
        (await Extracted.FromTextAsync("a.md", "# Only")).Chunks().Single().Text.ShouldBe("Only");
    }

    [Theory]
    [InlineData("word ", 400_000)]
    [InlineData("日本語の文章です。", 20_000)]
    [InlineData("永", 200_000)]
    [InlineData("AbCdEf0123456789+/", 40_000)]
    [InlineData("👨‍👩‍👧‍👦🇩🇪é", 5_000)]
    [InlineData("- . - ", 60_000)]
    public async Task Text_without_lines_is_cut_within_limits_and_never_within_a_character(string piece, int times)
    {
        var text = string.Concat(Enumerable.Repeat(piece, times)).TrimEnd();
        var chunks = (await Extracted.FromTextAsync("a.txt", text)).Chunks();
        var boundaries = StringInfo.ParseCombiningCharacters(text).ToHashSet();
        boundaries.Add(text.Length);
        foreach (var chunk in chunks)
        {
            chunk.Tokens.ShouldBeLessThanOrEqualTo(254);
            Encoding.UTF8.GetByteCount(chunk.Text).ShouldBeLessThanOrEqualTo(64 * 1024);
            boundaries.ShouldContain((int)chunk.Start);
            boundaries.ShouldContain((int)chunk.End);
            chunk.Text.ShouldBe(text[(int)chunk.Start..(int)chunk.End]);
        }

        chunks[0].Start.ShouldBe(0);
        chunks[^1].End.ShouldBe(text.Length);
    }

    [Fact]
    public async Task A_chunk_of_characters_that_count_as_no_token_stays_under_the_limit_of_its_length()
    {
        var text = string.Concat(Enumerable.Repeat("x" + new string(' ', 3000) + "\n", 200));
        var file = await Extracted.FromTextAsync("a.txt", text);
        new Chunker(new ChunkingOptions(), new NothingCounter()).Split(file.Blocks)
            .ShouldAllBe(chunk => chunk.Text.Length <= ChunkingOptions.LongestChunk);
    }

    [Fact]
    public async Task Rows_and_lines_of_code_are_never_cut_where_they_fit()
    {
        var table = "name,note\n" + string.Concat(Enumerable.Range(0, 300).Select(i => $"Name{i},Some words. And more words {i}\n"));
        var chunks = (await Extracted.FromTextAsync("a.csv", table)).Chunks(new ChunkingOptions { OverlapTokens = 0 });
        chunks.SelectMany(chunk => chunk.Text.Split('\n')).ShouldBe(
            Enumerable.Range(0, 300).Select(i => $"name: Name{i}; note: Some words. And more words {i}"));
    }

    [Fact]
    public async Task Code_chunks_know_the_declaration_they_stand_in()
    {
        var body = string.Concat(Enumerable.Range(0, 40).Select(i => $"    total = total + value_{i} * factor\n\n"));
        var code = $"import os\n\n\nclass Foo:\n    def bar(self):\n{body}\n\ndef other():\n{body}";
        var chunks = (await Extracted.FromTextAsync("a.py", code)).Chunks();
        chunks.Select(chunk => string.Join(" > ", chunk.HeadingPath)).Distinct().ShouldBe(["", "class Foo", "def other()"], ignoreOrder: true);
        chunks.ShouldAllBe(chunk => code.Substring((int)chunk.Start, chunk.Text.Length) == chunk.Text);
    }

    [Fact]
    public async Task Pages_are_kept()
    {
        var blocks = new[] { new TextBlock(BlockKind.Paragraph, "One.", Page: 3), new TextBlock(BlockKind.Paragraph, "Two.", Page: 4) { Start = 6 } };
        var chunk = new Chunker(new ChunkingOptions(), Counter).Split(blocks).Single();
        chunk.Page.ShouldBe(3);
        await Task.CompletedTask;
    }

    [Theory]
    [InlineData("He said no. Then he left.", "He said no. ")]
    [InlineData("Dr. Smith came. He left.", "Dr. Smith came. ")]
    [InlineData("See fig. 3 for it. Done.", "See fig. 3 for it. ")]
    [InlineData("Version 1.2.3 is out! Get it.", "Version 1.2.3 is out! ")]
    [InlineData("これは文です。次の文。", "これは文です。")]
    [InlineData("(Really?) Yes.", "(Really?) ")]
    [InlineData("J. R. Tolkien wrote it. I read it.", "J. R. Tolkien wrote it. ")]
    [InlineData("no end at all", "no end at all")]
    public void Sentences_end_where_a_reader_would_say(string text, string first) =>
        text[..SentenceSplitter.First(text)].ShouldBe(first);

    [Fact]
    public void Unusable_options_are_refused_with_every_error()
    {
        new ChunkingOptions { TargetTokens = 10, MaxTokens = 5, OverlapTokens = 100 }.Validate().Count.ShouldBe(3);
        Should.Throw<ArgumentException>(() => new Chunker(new ChunkingOptions { MaxTokens = 1 }, Counter));
    }

    internal static string Prose(int seed, int paragraphs)
    {
        var random = new Random(seed);
        var text = new StringBuilder();
        for (var i = 0; i < paragraphs; i++)
        {
            for (var sentence = random.Next(1, 8); sentence > 0; sentence--)
            {
                text.Append('W');
                for (var words = random.Next(2, 30); words > 0; words--)
                    text.Append("ord".AsSpan(0, random.Next(1, 4))).Append(words == 1 ? "." : random.Next(12) == 0 ? "\n" : " ");
                text.Append(sentence == 1 ? "" : " ");
            }

            text.Append("\n\n");
        }

        return text.ToString();
    }

    private sealed class NothingCounter : ITokenCounter
    {
        public int Count(ReadOnlySpan<char> text) => 0;
    }
}
