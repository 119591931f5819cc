using Rag.Cli.Options;
using Rag.V1;

namespace Rag.Cli.Tests.Options;

public class FilterSyntaxTests
{
    [Theory]
    [InlineData("lang=en", """{ "equal": { "key": "lang", "value": { "stringValue": "en" } } }""")]
    [InlineData("year = 2020", """{ "equal": { "key": "year", "value": { "integerValue": "2020" } } }""")]
    [InlineData("code=\"2020\"", """{ "equal": { "key": "code", "value": { "stringValue": "2020" } } }""")]
    [InlineData("draft=true", """{ "equal": { "key": "draft", "value": { "boolValue": true } } }""")]
    [InlineData("score>=0.5", """{ "range": { "key": "score", "atLeast": { "floatValue": 0.5 } } }""")]
    [InlineData("score>-1", """{ "range": { "key": "score", "greaterThan": { "integerValue": "-1" } } }""")]
    [InlineData("year<=2020", """{ "range": { "key": "year", "atMost": { "integerValue": "2020" } } }""")]
    [InlineData("year<2020", """{ "range": { "key": "year", "lessThan": { "integerValue": "2020" } } }""")]
    [InlineData("day<2024-05-01", """{ "range": { "key": "day", "lessThan": { "timestampValue": "2024-05-01T00:00:00Z" } } }""")]
    [InlineData("draft?", """{ "exists": { "key": "draft" } }""")]
    [InlineData("!draft?", """{ "not": { "exists": { "key": "draft" } } }""")]
    [InlineData("lang!=en", """{ "not": { "equal": { "key": "lang", "value": { "stringValue": "en" } } } }""")]
    [InlineData("lang=\"\"", """{ "equal": { "key": "lang", "value": { "stringValue": "" } } }""")]
    [InlineData("url=a=b?c", """{ "equal": { "key": "url", "value": { "stringValue": "a=b?c" } } }""")]
    [InlineData("tags&=red|large", """{ "containsAll": { "key": "tags", "values": [ { "stringValue": "red" }, { "stringValue": "large" } ] } }""")]
    [InlineData("title~annual report", """{ "match": { "key": "title", "text": "annual report", "words": "WORDS_ALL" } }""")]
    [InlineData("title~~\"a || b\"", """{ "match": { "key": "title", "text": "a || b", "words": "WORDS_ANY" } }""")]
    [InlineData("~hybrid search", """{ "match": { "text": "hybrid search", "words": "WORDS_ALL" } }""")]
    [InlineData("at@52.5,-13.25,5km", """{ "geoRadius": { "key": "at", "center": { "latitude": 52.5, "longitude": -13.25 }, "radiusMeters": 5000 } }""")]
    [InlineData("at@1,2,30m", """{ "geoRadius": { "key": "at", "center": { "latitude": 1, "longitude": 2 }, "radiusMeters": 30 } }""")]
    [InlineData("at@-1,170..1,-170",
        """{ "geoBox": { "key": "at", "southWest": { "latitude": -1, "longitude": 170 }, "northEast": { "latitude": 1, "longitude": -170 } } }""")]
    [InlineData("at=geo:52.5,13.5", """{ "equal": { "key": "at", "value": { "geoValue": { "latitude": 52.5, "longitude": 13.5 } } } }""")]
    [InlineData("a? || b? && !c?",
        """{ "any": { "filters": [ { "exists": { "key": "a" } }, { "all": { "filters": [ { "exists": { "key": "b" } }, { "not": { "exists": { "key": "c" } } } ] } } ] } }""")]
    [InlineData("!(a? || b=x(y)) && c?",
        """{ "all": { "filters": [ { "not": { "any": { "filters": [ { "exists": { "key": "a" } }, { "equal": { "key": "b", "value": { "stringValue": "x(y)" } } } ] } } }, { "exists": { "key": "c" } } ] } }""")]
    public void A_condition_means_what_it_says(string condition, string expected) =>
        FilterSyntax.Parse([condition]).ShouldBe(Filter.Parser.ParseJson(expected));

    [Fact]
    public void Several_values_mean_one_of_them()
    {
        var filter = FilterSyntax.Parse(["lang=en|de"])!;
        filter.In.Key.ShouldBe("lang");
        filter.In.Values.Select(value => value.StringValue).ShouldBe(["en", "de"]);
    }

    [Fact]
    public void Several_conditions_must_all_hold()
    {
        var filter = FilterSyntax.Parse(["lang=en", "year>2000"])!;
        filter.All.Filters.Count.ShouldBe(2);
        FilterSyntax.Parse([]).ShouldBeNull();
    }

    [Fact]
    public void A_whole_filter_is_taken_as_json()
    {
        var filter = FilterSyntax.Parse(["""{"any":{"filters":[{"exists":{"key":"a"}},{"exists":{"key":"b"}}]}}"""])!;
        filter.Any.Filters.Count.ShouldBe(2);
    }

    [Fact]
    public void A_condition_without_a_value_is_told_what_is_missing() =>
        Should.Throw<CliException>(() => FilterSyntax.Parse(["lang=en && year>"])).Message
            .ShouldBe("'lang=en && year>' has no value after >: write year>value, or \"\" for a text that is empty.");

    [Theory]
    [InlineData("nothing")]
    [InlineData("=value")]
    [InlineData("?")]
    [InlineData("")]
    [InlineData("at@1,2")]
    [InlineData("at@1,2,x")]
    [InlineData("at@1,2..3")]
    [InlineData("a? ||")]
    [InlineData("(a?")]
    [InlineData("a?)")]
    [InlineData("a=\"b")]
    [InlineData("&=b")]
    [InlineData("{\"any\":")]
    [InlineData("{\"unknown\":1}")]
    [InlineData("year>")]
    [InlineData("year <= ")]
    [InlineData("lang=")]
    [InlineData("lang!=en|")]
    [InlineData("tags&=red||large")]
    [InlineData("title~")]
    [InlineData("at@")]
    public void What_is_malformed_is_a_mistake_of_usage(string condition) =>
        Should.Throw<CliException>(() => FilterSyntax.Parse([condition])).ExitCode.ShouldBe(ExitCode.Usage);
}
