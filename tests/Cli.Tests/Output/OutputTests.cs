using System.Text.Json;
using Rag.Cli.Evaluation;
using Rag.Cli.Options;
using Rag.Cli.Output;
using Rag.Cli.Verbs;
using Rag.Client;
using Rag.V1;

namespace Rag.Cli.Tests.Output;

public class OutputTests
{
    private static readonly SearchResponse Answer = new()
    {
        Hits =
        {
            new SearchHit { DocumentId = "a.md", ChunkId = "1", Score = 0.5f, Text = "one\ntwo \"three\" ü" },
            new SearchHit
            {
                DocumentId = "b.md", ChunkId = "2", Score = -1, Text = "",
                Metadata = { ["year"] = MetadataValue.Of(2020), ["tags"] = MetadataValue.Of(["x", "y"]) },
            },
        },
    };

    [Fact]
    public void Hits_are_one_json_object_a_line()
    {
        using var output = new StringWriter();
        SearchResults.WriteJson(output, Answer, withMetadata: false);

        var lines = output.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        lines.Length.ShouldBe(2);
        var first = JsonDocument.Parse(lines[0]).RootElement;
        first.EnumerateObject().Select(property => property.Name).ShouldBe(["document", "chunk", "score", "text"]);
        first.GetProperty("text").GetString().ShouldBe("one\ntwo \"three\" ü");
        first.GetProperty("score").GetDouble().ShouldBe(0.5);
    }

    [Fact]
    public void Metadata_comes_along_as_plain_json_where_wanted()
    {
        using var output = new StringWriter();
        SearchResults.WriteJson(output, Answer, withMetadata: true);
        var second = JsonDocument.Parse(output.ToString().Split('\n')[1]).RootElement;
        second.GetProperty("metadata").GetProperty("year").GetInt64().ShouldBe(2020);
        second.GetProperty("metadata").GetProperty("tags")[1].GetString().ShouldBe("y");
    }

    [Fact]
    public void Figures_of_an_evaluation_have_the_promised_names()
    {
        using var output = new StringWriter();
        EvalVerb.WriteJson(output, new EvalResult("adi", "dense", 35, 0.5, 0.4, 0.9, 123.456, 7.5, 9.25));
        var figures = JsonDocument.Parse(output.ToString()).RootElement;
        figures.EnumerateObject().Select(property => property.Name).ShouldBe(
        [
            "collection", "mode", "queries", "ndcg_at_10", "map", "recall_at_100", "queries_per_second", "p50_ms", "p99_ms",
        ]);
        figures.GetProperty("queries_per_second").GetDouble().ShouldBe(123.46);
        output.ToString().Trim().ShouldNotContain("\n");
    }

    [Fact]
    public void A_snippet_is_one_line_and_never_half_a_character()
    {
        SearchResults.Snippet("a\n  b\tc").ShouldBe("a b c");
        var long1 = SearchResults.Snippet(new string('x', 239) + "😀😀");
        long1.ShouldBe(new string('x', 239) + "…");
    }

    [Theory]
    [InlineData("plain text", "plain text")]
    [InlineData("\"a\\nb\"", "a\nb")]
    [InlineData("  \"padded\"  ", "padded")]
    [InlineData("\"said\" he, \"no\"", "\"said\" he, \"no\"")]
    [InlineData("\"", "\"")]
    [InlineData("", "")]
    public void A_line_of_input_is_a_text_or_a_json_string(string line, string expected) =>
        InputLines.ReadTexts(new StringReader(line + "\n")).ShouldBe([expected]);

    [Theory]
    [InlineData(0, "0 B")]
    [InlineData(1023, "1023 B")]
    [InlineData(1536, "1.5 KiB")]
    [InlineData(5L << 30, "5.0 GiB")]
    public void Sizes_are_readable(long bytes, string expected) => ByteCount.Format(bytes).ShouldBe(expected);

    [Theory]
    [InlineData("0.9,0.95 , 0.99", 3)]
    [InlineData("1", 1)]
    public void Recall_targets_are_a_list_of_numbers(string list, int count) =>
        NumberList.Read<double>(list, "0.90,0.95").Count.ShouldBe(count);
}
