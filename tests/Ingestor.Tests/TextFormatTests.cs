using Rag.Ingestor.Extraction;

namespace Rag.Ingestor.Tests;

public sealed class TextFormatTests
{
    [Fact]
    public async Task Plain_text_keeps_offsets_of_the_file_and_finds_headings_by_their_looks()
    {
        var text = "INTRODUCTION\r\n\r\nFirst line\r\nsecond line.\r\n\r\n\r\n\r\n1.2 Next Part\r\n\r\nMore.\n\nTitle\n=====\n\nEnd.";
        var file = await Extracted.FromTextAsync("a.txt", text);
        var normal = text.ReplaceLineEndings("\n");
        foreach (var block in file.Blocks)
            normal.Substring((int)block.Start, block.Text.Length).ShouldBe(block.Text);
        file.OfKind(BlockKind.Heading).ShouldBe(["INTRODUCTION", "1.2 Next Part", "Title\n====="]);
        file.Blocks.Single(block => block.Text == "1.2 Next Part").Level.ShouldBe(2);
        file.OfKind(BlockKind.Paragraph).ShouldBe(["First line\nsecond line.", "More.", "End."]);
    }

    [Fact]
    public async Task One_line_of_many_megabytes_becomes_bounded_blocks_that_join_to_the_line()
    {
        var text = string.Concat(Enumerable.Repeat("wörd 😀👍🏽 ", 300_000)).TrimEnd();
        var file = await Extracted.FromTextAsync("a.txt", text);
        file.Blocks.ShouldAllBe(block => block.Text.Length <= TextBlock.MaxLength);
        file.Text.ShouldBe(text);

        var unbroken = string.Concat(Enumerable.Repeat("👨‍👩‍👧‍👦é", 20_000));
        var whole = await Extracted.FromTextAsync("b.txt", unbroken);
        whole.Text.ShouldBe(unbroken);
        whole.Blocks.ShouldAllBe(block => block.Text.StartsWith("👨") || block.Text.StartsWith('é'));
    }

    [Fact]
    public async Task Markdown_loses_its_marks_and_keeps_its_structure()
    {
        var markdown = """
            ---
            title: Front
            ---
            # Guide to *things*

            Some **bold** text with a [link](https://example.org/x) and `code`&amp;.

            - one
            - two
              more of two
            1. first

            | a | b |
            |---|---|
            | 1 | 2 |

            ```csharp
            if (x)
                y();
            ```

            <div><p>Inside <b>HTML</b></p></div>
            """;
        var file = await Extracted.FromTextAsync("a.md", markdown);
        file.Title.ShouldBe("Front");
        file.OfKind(BlockKind.Heading).ShouldBe(["Guide to things"]);
        file.OfKind(BlockKind.Paragraph).ShouldBe(["Some bold text with a link and code&.", "Inside HTML"]);
        file.OfKind(BlockKind.ListItem).ShouldBe(["- one", "- two\nmore of two", "1. first"]);
        file.OfKind(BlockKind.Row).ShouldBe(["a | b", "1 | 2"]);
        file.OfKind(BlockKind.Code).ShouldContain("if (x)\n    y();");
    }

    [Fact]
    public async Task Markdown_that_nests_too_deep_is_still_read()
    {
        var deep = string.Concat(Enumerable.Repeat("> ", 5_000)) + "the end\n\n# Title\n\ntext";
        (await Extracted.FromTextAsync("a.md", deep)).Text.ShouldContain("the end");
    }

    [Fact]
    public async Task Large_markdown_is_parsed_in_pieces_that_keep_its_structure()
    {
        var section = "## Part\n\nSome *words* here.\n\n- item\n\n  more of the item\n\n```c\n# no heading\n\nx\n```\n\n---\nmore: text\n\n";
        var file = await Extracted.FromTextAsync("a.md", "---\ntitle: T\n---\n" + string.Concat(Enumerable.Repeat(section, 5_000)));
        file.Title.ShouldBe("T");
        file.OfKind(BlockKind.Heading).Count().ShouldBe(5_000);
        file.OfKind(BlockKind.Code).Count(code => code == "# no heading\n\nx").ShouldBe(5_000);
        file.OfKind(BlockKind.ListItem).Count().ShouldBe(10_000);
        file.OfKind(BlockKind.Paragraph).Distinct().ShouldBe(["Some words here.", "more: text"], ignoreOrder: true);
    }

    [Fact]
    public async Task A_run_of_lines_too_long_to_parse_loses_nothing()
    {
        var run = string.Concat(Enumerable.Range(0, 20_000).Select(i => $"[word{i}](\n"));
        var file = await Extracted.FromTextAsync("a.md", $"# Before\n\ntext\n\n{run}\n# After\n\n*end*");
        file.OfKind(BlockKind.Heading).ShouldBe(["Before", "After"]);
        for (var i = 0; i < 20_000; i += 500)
            file.Text.ShouldContain($"[word{i}](");
        file.Text.ShouldContain("[word19999](");
        file.Blocks[^1].Text.ShouldBe("end");
    }

    [Fact]
    public async Task Source_code_is_cut_at_empty_lines_and_keeps_indents()
    {
        var code = "using System;\n\n/// Doc\npublic sealed class Foo\n{\n    int x;\n\n    void Bar()\n    {\n    }\n}\n";
        var file = await Extracted.FromTextAsync("Foo.cs", code);
        file.Blocks.Select(block => block.Kind).ShouldBe([BlockKind.Code, BlockKind.Declaration, BlockKind.Code]);
        file.Blocks[1].Text.ShouldBe("/// Doc\npublic sealed class Foo\n{\n    int x;");
        foreach (var block in file.Blocks)
            code.Substring((int)block.Start, block.Text.Length).ShouldBe(block.Text);
    }

    [Fact]
    public async Task Rows_of_a_table_carry_their_headers_whatever_divides_them()
    {
        foreach (var delimiter in (char[])[',', ';', '\t', '|'])
        {
            var table = "name,city\n\"Ann\",\"Bonn\"\nBob,Köln\n".Replace(',', delimiter);
            var file = await Extracted.FromTextAsync("a.csv", table);
            file.OfKind(BlockKind.Row).ShouldBe(["name: Ann; city: Bonn", "name: Bob; city: Köln"]);
        }

        var quoted = await Extracted.FromTextAsync("a.csv", "a,b\n\"x, y\nz\",\"say \"\"hi\"\"\"\n");
        quoted.OfKind(BlockKind.Row).ShouldBe(["a: x, y z; b: say \"hi\""]);
        var bare = await Extracted.FromTextAsync("a.csv", "1,2\n3,4\n");
        bare.OfKind(BlockKind.Row).ShouldBe(["1 | 2", "3 | 4"]);
    }

    [Fact]
    public async Task A_quote_that_never_closes_meets_the_limit_of_a_field()
    {
        var table = "a,b\n\"" + new string('x', 100_000);
        var file = await Extracted.FromTextAsync("a.csv", table, new ExtractionOptions { MaxValueBytes = 50_000 });
        file.Failure!.Kind.ShouldBe(ExtractionFailureKind.LimitExceeded);
    }

    [Fact]
    public async Task Json_becomes_paths_and_values_a_record_a_block()
    {
        var json = """[{"name": "Ann", "tags": ["x", "y"], "home": {"city": "Bonn", "zip": null}}, {"name": "Bob", "age": 3.5}]""";
        var file = await Extracted.FromTextAsync("a.json", json);
        file.Blocks.Select(block => block.Text).ShouldBe(["name: Ann\ntags: x, y\nhome.city: Bonn", "name: Bob\nage: 3.5"]);
        var lines = await Extracted.FromTextAsync("a.jsonl", "{\"a\": 1}\n{\"a\": true}\n\n");
        lines.Blocks.Select(block => block.Text).ShouldBe(["a: 1", "a: true"]);
    }

    [Theory]
    [InlineData("{\"a\": [1, 2", ExtractionFailureKind.Corrupt)]
    [InlineData("{\"a\": 1}}", ExtractionFailureKind.Corrupt)]
    [InlineData("nonsense", ExtractionFailureKind.Corrupt)]
    public async Task Damaged_json_is_refused_with_its_line(string json, ExtractionFailureKind kind)
    {
        var file = await Extracted.FromTextAsync("a.json", "\n" + json);
        file.Failure!.Kind.ShouldBe(kind);
        file.Failure.Sentence.ShouldContain("line 2");
    }

    [Theory]
    [InlineData("a.json", "[", "]")]
    [InlineData("a.json", "{\"a\":", "}")]
    [InlineData("a.xml", "<a>", "</a>")]
    [InlineData("a.html", "<div>", "</div>")]
    [InlineData("a.html", "<b>", "")]
    [InlineData("a.html", "<svg><div/>", "")]
    public async Task A_hundred_thousand_levels_are_a_limit_not_a_crash(string name, string open, string close)
    {
        var text = string.Concat(Enumerable.Repeat(open, 100_000)) + "\"x\"" + string.Concat(Enumerable.Repeat(close, 100_000));
        var file = await Extracted.FromTextAsync(name, text);
        file.Failure!.Kind.ShouldBe(ExtractionFailureKind.LimitExceeded);
    }

    [Fact]
    public async Task A_json_value_larger_than_the_limit_is_refused()
    {
        var json = "{\"a\": \"" + new string('x', 400_000) + "\"}";
        (await Extracted.FromTextAsync("a.json", json)).Failure.ShouldBeNull();
        var file = await Extracted.FromTextAsync("a.json", json, new ExtractionOptions { MaxValueBytes = 100_000 });
        file.Failure!.Kind.ShouldBe(ExtractionFailureKind.LimitExceeded);
    }

    [Fact]
    public async Task Xml_gives_texts_names_and_titles_and_expands_nothing()
    {
        var xml = "<?xml version='1.0'?><!DOCTYPE r><r><country name='Trinidad'><capital>Port of Spain</capital></country>"
            + "<doc><title>Head</title><para>Some <em>mixed</em> text.</para></doc></r>";
        var file = await Extracted.FromTextAsync("a.xml", xml);
        file.Blocks.Select(block => block.Text).ShouldBe(
            ["country name: Trinidad", "capital: Port of Spain", "Head", "Some mixed text."]);
        var bomb = "<!DOCTYPE x [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;'>]><x>&b;</x>";
        (await Extracted.FromTextAsync("a.xml", bomb)).Failure!.Kind.ShouldBe(ExtractionFailureKind.Corrupt);
        var foreign = "<!DOCTYPE x [<!ENTITY a SYSTEM 'file:///etc/hostname'>]><x>&a;</x>";
        (await Extracted.FromTextAsync("a.xml", foreign)).Failure!.Kind.ShouldBe(ExtractionFailureKind.Corrupt);
    }

    [Fact]
    public async Task A_notebook_gives_its_cells_and_what_they_printed()
    {
        var notebook = """
            {"nbformat": 4, "cells": [
              {"cell_type": "markdown", "source": ["# Title\n", "Words"]},
              {"cell_type": "code", "source": "print(1)", "outputs": [{"output_type": "stream", "text": ["1\n"]}]}]}
            """;
        var file = await Extracted.FromTextAsync("a.ipynb", notebook);
        file.Blocks.Select(block => block.Text).ShouldBe(["Title", "Words", "print(1)", "1"]);
        (await Extracted.FromTextAsync("a.ipynb", "{}")).Failure!.Kind.ShouldBe(ExtractionFailureKind.Corrupt);
    }

    [Fact]
    public async Task A_mail_gives_subject_people_text_and_text_attachments()
    {
        var mail = "Subject: =?utf-8?B?R3LDvMOfZQ==?= =?utf-8?Q?_aus_K=C3=B6ln?=\r\nFrom: Ann <ann@example.org>\r\n"
            + "Content-Type: multipart/mixed; boundary=\"zz\"\r\n\r\npreamble\r\n--zz\r\nContent-Type: text/plain; charset=utf-8\r\n"
            + "Content-Transfer-Encoding: quoted-printable\r\n\r\nSch=C3=B6ne =\r\nZeile\r\n--zz\r\nContent-Type: text/html\r\n"
            + "Content-Transfer-Encoding: base64\r\n\r\nPHA+SGk8L3A+\r\n--zz--\r\n";
        var file = await Extracted.FromTextAsync("a.eml", mail);
        file.Title.ShouldBe("Grüße aus Köln");
        file.Blocks.Select(block => block.Text).ShouldBe(["Grüße aus Köln", "From: Ann <ann@example.org>", "Schöne Zeile", "Hi"]);
    }

    [Fact]
    public async Task More_text_than_the_limit_is_refused()
    {
        var options = new ExtractionOptions { MaxCharacters = 100 };
        var file = await Extracted.FromTextAsync("a.txt", string.Join("\n\n", Enumerable.Repeat("some words", 20)), options);
        file.Failure!.Kind.ShouldBe(ExtractionFailureKind.LimitExceeded);
    }
}
