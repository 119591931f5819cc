using System.Diagnostics;
using Rag.Ingestor.Extraction;

namespace Rag.Ingestor.Tests;

public sealed class HtmlTests
{
    [Fact]
    public async Task A_page_gives_its_main_content_without_furniture()
    {
        var html = """
            <!doctype html><html><head><title> The  title </title><style>p { color: red }</style></head><body>
            <nav><a href="/">Home</a></nav>
            <div class="sidebar"><a href="/a">First link</a> <a href="/b">Second link</a></div>
            <h1>Heading</h1><p>First <b>bold</b><br>line.</p>
            <ul><li>one</li><li><p>two</p></li></ul>
            <table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td><p>2</p></td></tr></table>
            <pre>  x = 1
              y = 2</pre>
            <script>var hidden = "secret";</script><p hidden>unseen</p><p style="display: none">unseen</p>
            <footer>Copyright</footer></body></html>
            """;
        var file = await Extracted.FromTextAsync("a.html", html);
        file.Title.ShouldBe("The title");
        file.Blocks.Select(block => (block.Kind, block.Text.ReplaceLineEndings("\n"))).ShouldBe([
            (BlockKind.Heading, "Heading"),
            (BlockKind.Paragraph, "First bold\nline."),
            (BlockKind.ListItem, "- one"),
            (BlockKind.ListItem, "- two"),
            (BlockKind.Row, "a | b"),
            (BlockKind.Row, "1 | 2"),
            (BlockKind.Code, "  x = 1\n  y = 2"),
        ]);
    }

    [Fact]
    public async Task The_main_element_is_preferred_when_it_holds_the_text()
    {
        var main = await Extracted.FromTextAsync("a.html",
            "<body><div>teaser</div><main><p>The long and important text of this page.</p></main></body>");
        main.Text.ShouldBe("The long and important text of this page.");
        var empty = await Extracted.FromTextAsync("a.html",
            "<body><main></main><div>The long and important text of this page.</div></body>");
        empty.Text.ShouldBe("The long and important text of this page.");
    }

    [Fact]
    public async Task A_page_that_is_all_furniture_by_name_is_still_read()
    {
        var file = await Extracted.FromTextAsync("a.html", "<body><nav><p>Everything that this page has to say stands here.</p></nav></body>");
        file.Text.ShouldBe("Everything that this page has to say stands here.");
    }

    [Fact]
    public async Task Prose_in_a_box_with_the_class_of_a_sidebar_is_kept()
    {
        var file = await Extracted.FromTextAsync("a.html",
            "<body><p>Main text that is long enough to matter here.</p><div class='sidebar'>A note without links.</div></body>");
        file.Text.ShouldContain("A note without links.");
    }

    [Fact]
    public async Task Lists_of_links_are_left_out_of_prose_and_kept_where_they_are_the_page()
    {
        var links = "<ul>" + string.Concat(Enumerable.Range(0, 20).Select(i => $"<li><a href='/{i}'>Another language {i}</a></li>")) + "</ul>";
        var prose = string.Concat(Enumerable.Repeat("<p>Many words of prose stand on this page beside a few links.</p>", 60));
        (await Extracted.FromTextAsync("a.html", $"<body>{links}{prose}</body>")).Text.ShouldNotContain("Another language");
        (await Extracted.FromTextAsync("a.html", "<body>" + string.Concat(Enumerable.Repeat(links, 10)) + "</body>"))
            .Text.ShouldContain("Another language 19");
    }

    [Fact]
    public async Task Many_tags_under_many_open_ones_are_read_or_refused_but_never_take_minutes()
    {
        var watch = Stopwatch.StartNew();
        var lists = string.Concat(Enumerable.Repeat("<ul class='menu'><li>", 500));
        (await Extracted.FromTextAsync("a.html", lists + string.Concat(Enumerable.Repeat("<b>x</b> ", 20_000)))).Failure.ShouldBeNull();
        // Under many more open elements each tag takes a parser so long that the page is refused.
        var slow = await Extracted.FromTextAsync("a.html",
            string.Concat(Enumerable.Repeat(lists, 4)) + string.Concat(Enumerable.Repeat("<b>x</b> ", 100_000)));
        slow.Failure!.Kind.ShouldBe(ExtractionFailureKind.LimitExceeded);
        watch.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(120));
    }

    [Fact]
    public async Task Tables_that_lay_out_a_page_are_read_as_paragraphs()
    {
        var file = await Extracted.FromTextAsync("a.html",
            "<table><tr><td><h1>Title</h1><p>One.</p></td><td><table><tr><td>a</td><td>b</td></tr></table></td></tr></table>");
        file.Blocks.Select(block => (block.Kind, block.Text)).ShouldBe(
            [(BlockKind.Heading, "Title"), (BlockKind.Paragraph, "One."), (BlockKind.Row, "a | b")]);
    }

    [Fact]
    public async Task Wide_pages_with_unclosed_tags_are_read_in_linear_time()
    {
        var watch = Stopwatch.StartNew();
        var file = await Extracted.FromTextAsync("a.html", string.Concat(Enumerable.Repeat("<p>word<li>item<td>", 30_000)));
        file.Failure.ShouldBeNull();
        file.Blocks.Count.ShouldBeGreaterThan(30_000);
        watch.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(120));
    }
}
