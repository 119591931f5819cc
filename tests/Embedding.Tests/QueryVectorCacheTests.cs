namespace Rag.Embedding.Tests;

public sealed class QueryVectorCacheTests
{
    [Fact]
    public void It_never_holds_more_bytes_than_it_may()
    {
        var cache = new QueryVectorCache(20_000);
        for (var i = 0; i < 1000; i++)
        {
            cache.Add(EncoderKind.Full, "query " + i, new float[100]);
            cache.Bytes.ShouldBeLessThanOrEqualTo(20_000);
        }

        cache.Bytes.ShouldBeGreaterThan(15_000);
        cache.TryGet(EncoderKind.Full, "query 999", out _).ShouldBeTrue();
        cache.TryGet(EncoderKind.Full, "query 0", out _).ShouldBeFalse();
    }

    [Fact]
    public void What_is_read_stays_longer_than_what_is_not()
    {
        var cache = new QueryVectorCache(20_000);
        cache.Add(EncoderKind.Full, "popular", new float[100]);
        for (var i = 0; i < 500; i++)
        {
            cache.TryGet(EncoderKind.Full, "popular", out _).ShouldBeTrue();
            cache.Add(EncoderKind.Full, "query " + i, new float[100]);
        }
    }

    [Fact]
    public void Encoders_do_not_share_entries()
    {
        var cache = new QueryVectorCache(20_000);
        cache.Add(EncoderKind.Full, "text", new float[] { 1 });
        cache.TryGet(EncoderKind.Lookup, "text", out _).ShouldBeFalse();
    }

    [Fact]
    public void A_huge_query_does_not_empty_it()
    {
        var cache = new QueryVectorCache(20_000);
        cache.Add(EncoderKind.Full, "small", new float[100]);
        cache.Add(EncoderKind.Full, new string('x', 5_000), new float[100]);
        cache.TryGet(EncoderKind.Full, "small", out _).ShouldBeTrue();
    }

    [Fact]
    public void No_room_means_no_entries()
    {
        var cache = new QueryVectorCache(0);
        cache.Add(EncoderKind.Full, "a", new float[1]);
        cache.TryGet(EncoderKind.Full, "a", out _).ShouldBeFalse();
    }

    [Fact]
    public void Concurrent_use_keeps_the_bound_and_the_right_vectors()
    {
        var cache = new QueryVectorCache(50_000);
        Parallel.For(0, 20_000, i =>
        {
            var key = i % 300;
            if (cache.TryGet(EncoderKind.Full, "query " + key, out var vector))
                vector.Span[0].ShouldBe(key);
            else
                cache.Add(EncoderKind.Full, "query " + key, new float[] { key });
        });
        cache.Bytes.ShouldBeLessThanOrEqualTo(50_000);
    }
}
