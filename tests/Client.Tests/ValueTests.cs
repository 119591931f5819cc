using Google.Protobuf;
using Rag.V1;

namespace Rag.Client.Tests;

public class ValueTests
{
    [Fact]
    public void Values_come_back_as_they_were_given()
    {
        var time = new DateTimeOffset(2024, 5, 1, 12, 30, 0, TimeSpan.FromHours(2));
        MetadataValue.Of("text").ToObject().ShouldBe("text");
        MetadataValue.Of(42).ToObject().ShouldBe(42L);
        MetadataValue.Of(0.5).ToObject().ShouldBe(0.5);
        MetadataValue.Of(true).ToObject().ShouldBe(true);
        MetadataValue.Of(time).ToObject().ShouldBe(time.ToUniversalTime());
        MetadataValue.Of(["a", "b"]).ToObject().ShouldBe(new[] { "a", "b" });
        new Value().ToObject().ShouldBeNull();
    }

    [Fact]
    public void Vectors_come_back_as_they_were_given()
    {
        float[] components = [0, 1, -2.5f, float.Epsilon];
        VectorValue.Of(components).ToArray().ShouldBe(components);
        new Vector { Dense = new DenseVector { Values = { components } } }.ToArray().ShouldBe(components);
        new Vector().ToArray().ShouldBeEmpty();
        Should.Throw<InvalidDataException>(() => new Vector { Packed = ByteString.CopyFrom(1, 2, 3) }.ToArray());
    }

    [Fact]
    public void A_query_becomes_the_request_that_it_says()
    {
        var request = new SearchQuery
        {
            Text = "t",
            Vector = new float[] { 1, 2 },
            K = 5,
            Ef = 99,
            ScoreThreshold = 0.25f,
            Filter = Where.All(Where.Equal("lang", "en"), Where.Not(Where.Exists("draft"))),
        }.ToRequest("w");

        request.Workspace.ShouldBe("w");
        request.EffortCase.ShouldBe(SearchRequest.EffortOneofCase.Ef);
        request.ScoreThreshold.ShouldBe(0.25f);
        request.Vector.ToArray().ShouldBe([1, 2]);
        request.Filter.All.Filters[1].Not.Exists.Key.ShouldBe("draft");
        new SearchQuery { Text = "t" }.ToRequest("w").EffortCase.ShouldBe(SearchRequest.EffortOneofCase.None);
    }
}
