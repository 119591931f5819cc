using Rag.Cli.Options;
using Rag.Cli.Output;
using Rag.V1;

namespace Rag.Cli.Tests.Options;

/// <summary>Searches of a file or the input, one on each line.</summary>
public class SearchLinesTests
{
    [Fact]
    public void A_line_is_a_text_a_text_as_json_or_a_request()
    {
        var searches = Read(
            """
            plain words

            "a \"quoted\" text"
              {"text": "from a request", "k": 3}
            "{ is how this text begins"
            "said " twice
            """);

        searches.Select(search => (search.Text, search.K)).ShouldBe(
        [
            ("plain words", 7), ("a \"quoted\" text", 7), ("from a request", 3), ("{ is how this text begins", 7),
            ("\"said \" twice", 7),
        ]);
    }

    [Fact]
    public void A_line_that_is_no_request_is_named_by_its_number() =>
        Should.Throw<CliException>(() => Read("words\n\n{\"unknown\": 1}")).Message.ShouldStartWith("Line 3 is no rag.v1.SearchRequest");

    private static List<SearchRequest> Read(string text)
    {
        var terminal = new Terminal(TextWriter.Null, TextWriter.Null, new StringReader(text));
        return [.. SearchLines.Read("-", new SearchRequest { K = 7 }, terminal)];
    }
}
