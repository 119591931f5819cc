using Rag.Engine.Sparse;

namespace Rag.Engine.Tests.Sparse;

public sealed class HighlighterTests
{
    private static readonly string[] Words = ["wall", "Walls", "stone", "Stoné", "x", "und", "the", "naïveté", "Mauer", "日本語", "𝒜b", "re-use", "p53"];

    [Fact]
    public void The_window_has_as_many_different_words_as_any_and_ends_between_words()
    {
        for (var seed = 0; seed < 400; seed++)
        {
            var random = new Random(seed);
            var text = Text(random, random.Next(0, 60), " ");
            var query = Text(random, random.Next(1, 4), " ");
            var length = random.Next(12, 80);
            var snippet = Find(text, query, length);
            (snippet.End - snippet.Start).ShouldBeLessThanOrEqualTo(length);
            IsBorder(text, snippet.Start).ShouldBeTrue($"{seed}: '{text}' from {snippet.Start}");
            IsBorder(text, snippet.End).ShouldBeTrue($"{seed}: '{text}' to {snippet.End}");
            var end = snippet.Start;
            foreach (var match in snippet.Matches)
            {
                match.Start.ShouldBeGreaterThanOrEqualTo(end);
                match.End.ShouldBeLessThanOrEqualTo(snippet.End);
                (end = match.End).ShouldBeGreaterThan(match.Start);
            }

            var best = Enumerable.Range(0, text.Length + 1).Where(start => IsBorder(text, start))
                .Max(start => Different(text, query, start, Math.Min(text.Length, start + length)));
            Different(text, query, snippet.Start, snippet.End).ShouldBe(best, $"{seed}: '{text}' for '{query}' in {length}");
        }
    }

    [Theory]
    [InlineData("the walls", "The wall of the house", "wall")]
    [InlineData("to be or not to be", "To be, or not to be", "To|be|or|not|to|be")]
    [InlineData("cafe\u0301", "un CAFE\u0301 noir", "CAFE\u0301")]
    [InlineData("http2", "over HTTP/2.", "HTTP/2")]
    [InlineData("日本", "東京は日本の首都", "日本")]
    [InlineData("c++", "C++ and C", "C++|C")]
    [InlineData("nothing", "a wall", "")]
    [InlineData("wall", "", "")]
    public void Words_are_marked_as_they_stand_in_the_text(string query, string text, string marked)
    {
        var snippet = Find(text, query, 100);
        string.Join('|', snippet.Matches.Select(match => text[match.Start..match.End])).ShouldBe(marked);
        text[snippet.Start..snippet.End].ShouldBe(text);
    }

    [Fact]
    public void A_text_without_spaces_is_cut_between_characters()
    {
        var text = string.Concat(Enumerable.Repeat("𝒜", 100));
        var snippet = Find(text, "b", 25);
        snippet.End.ShouldBeInRange(24, 25);
        char.IsLowSurrogate(text[snippet.End]).ShouldBeFalse();
        var word = Find(new string('a', 500) + " wall", new string('a', 500), 30);
        (word.End - word.Start).ShouldBeInRange(1, 30);
    }

    private static TextSnippet Find(string text, string query, int length)
    {
        var analyzer = AnalyzerPool.For(new AnalysisOptions()).Rent();
        return new Highlighter(analyzer, SparseQuery.FromText(analyzer, query)).Find(text, length);
    }

    // Terms of the query that are in a part of the text, which begins and ends between words.
    private static int Different(string text, string query, int start, int end)
    {
        while (end > start && !IsBorder(text, end))
            end--;
        var part = new SparseDocument();
        var wanted = new SparseDocument();
        var analyzer = AnalyzerPool.For(new AnalysisOptions { DropStopWords = HasContent(text, query) }).Rent();
        part.AddText(analyzer, text.AsSpan(start, end - start), 1);
        wanted.AddText(analyzer, query, 1);
        return wanted.Keys.ToArray().Intersect(part.Keys.ToArray()).Count();
    }

    private static bool HasContent(string text, string query)
    {
        var dropping = AnalyzerPool.For(new AnalysisOptions { DropStopWords = true }).Rent();
        var (left, right) = (new SparseDocument(), new SparseDocument());
        left.AddText(dropping, text, 1);
        right.AddText(dropping, query, 1);
        return left.Keys.ToArray().Intersect(right.Keys.ToArray()).Any();
    }

    private static bool IsBorder(string text, int at) =>
        at == 0 || at == text.Length || char.IsWhiteSpace(text[at - 1]) || char.IsWhiteSpace(text[at]);

    private static string Text(Random random, int words, string between) =>
        string.Join(between, Enumerable.Range(0, words).Select(_ => Words[random.Next(Words.Length)]));
}
