using Grpc.Core;
using Rag.Router.Tests.Fakes;
using Rag.V1;

namespace Rag.Router.Tests.Validation;

/// <summary>Conditions that make no sense are refused by name, all of them at once.</summary>
public sealed class BadFilterTests(SharedRouter shared) : IClassFixture<SharedRouter>
{
    public static TheoryData<string, Filter, string> Filters { get; } = new()
    {
        { "an empty list to contain", new() { ContainsAll = new() { Key = "k" } }, "contains_all.values" },
        { "no words", new() { Match = new() { Text = " " } }, "match.text" },
        { "too many words", new() { Match = new() { Text = new string('x', 4097) } }, "match.text" },
        { "an unknown way to match", new() { Match = new() { Text = "x", Words = (MatchFilter.Types.Words)7 } }, "match.words" },
        { "a circle without a center", Circle(null, 1), "geo_radius.center" },
        { "a circle around nowhere", Circle(new GeoPoint { Latitude = double.NaN }, 1), "geo_radius.center" },
        { "a circle of no size", Circle(new GeoPoint(), 0), "geo_radius.radius_meters" },
        { "a circle larger than the earth", Circle(new GeoPoint(), double.PositiveInfinity), "geo_radius.radius_meters" },
        { "a box upside down", Box(2, 1), "geo_box" },
        { "a box beyond the pole", Box(1, 91), "geo_box.north_east" },
        { "no place", new() { Equal = new() { Key = "k", Value = new() { GeoValue = new() { Longitude = 181 } } } }, "equal.value" },
        { "a range of places", new() { Range = new() { Key = "k", AtLeast = new() { GeoValue = new() } } }, "range" },
    };

    [Theory]
    [MemberData(nameof(Filters))]
    public async Task A_condition_that_makes_no_sense_names_the_field(string what, Filter filter, string field)
    {
        var error = await RouterFixture.FailureAsync(shared.Fixture.Search.SearchAsync(
            new SearchRequest { Workspace = "docs", Text = "text", Filter = filter }));
        error.StatusCode.ShouldBe(StatusCode.InvalidArgument, what);
        RouterFixture.FieldsOf(error).ShouldBe(["filter." + field], what);
    }

    [Fact]
    public async Task Every_fault_of_a_filter_is_named_in_one_answer()
    {
        var filter = new Filter { All = new FilterList { Filters = { Circle(null, -1), Box(2, 1) } } };
        var error = await RouterFixture.FailureAsync(shared.Fixture.Search.SearchAsync(
            new SearchRequest { Workspace = "docs", Text = "text", Filter = filter }));
        RouterFixture.FieldsOf(error).ShouldBe([
            "filter.all.filters[0].geo_radius.center", "filter.all.filters[0].geo_radius.radius_meters",
            "filter.all.filters[1].geo_box",
        ]);
    }

    private static Filter Circle(GeoPoint? center, double meters) =>
        new() { GeoRadius = new GeoRadiusFilter { Key = "k", Center = center, RadiusMeters = meters } };

    private static Filter Box(double south, double north) => new()
    {
        GeoBox = new GeoBoxFilter
        {
            Key = "k", SouthWest = new GeoPoint { Latitude = south }, NorthEast = new GeoPoint { Latitude = north },
        },
    };
}
