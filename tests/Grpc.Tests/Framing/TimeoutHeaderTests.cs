using Grpc.Framing;

namespace Rag.Transport.Tests.Framing;

public sealed class TimeoutHeaderTests
{
    [Theory]
    [InlineData("1n", 1)]
    [InlineData("100n", 1)]
    [InlineData("101n", 2)]
    [InlineData("1u", 10)]
    [InlineData("5m", 50_000)]
    [InlineData("2S", 20_000_000)]
    [InlineData("3M", 1_800_000_000)]
    [InlineData("1H", 36_000_000_000)]
    [InlineData("99999999H", 3_599_999_964_000_000_000)]
    [InlineData("00000001S", 10_000_000)]
    public void A_timeout_is_read_in_every_unit(string text, long ticks)
    {
        TimeoutHeader.TryParse(text, out var timeout).ShouldBeTrue();
        timeout.Ticks.ShouldBe(ticks);
    }

    [Theory]
    [InlineData("")]
    [InlineData("S")]
    [InlineData("1")]
    [InlineData("-1S")]
    [InlineData("+1S")]
    [InlineData(" 1S")]
    [InlineData("1 S")]
    [InlineData("1.5S")]
    [InlineData("1s")]
    [InlineData("1D")]
    [InlineData("123456789S")]
    [InlineData("٣S")]
    public void What_is_no_timeout_is_refused(string text) => TimeoutHeader.TryParse(text, out _).ShouldBeFalse();

    [Theory]
    [InlineData(0, "1n")]
    [InlineData(-5, "1n")]
    [InlineData(1, "100n")]
    [InlineData(10_000, "1000000n")]
    [InlineData(10_000_000, "1000000u")]
    [InlineData(3_000_000_000, "300000m")]
    [InlineData(long.MaxValue, "256204779H")]
    public void A_timeout_is_written_in_the_finest_unit_that_fits(long ticks, string text)
    {
        var written = TimeoutHeader.Format(new TimeSpan(ticks));
        // TimeSpan's largest value has nine digits of hours, which is cut to what the header can hold.
        written.ShouldBe(text.Length > 9 ? "99999999H" : text);
    }

    [Fact]
    public void What_is_written_is_never_shorter_than_what_was_meant_and_hardly_longer()
    {
        var random = new Random(7);
        for (var i = 0; i < 10_000; i++)
        {
            var ticks = (long)Math.Pow(10, random.NextDouble() * 17);
            var text = TimeoutHeader.Format(new TimeSpan(ticks));
            text.Length.ShouldBeLessThanOrEqualTo(9);
            TimeoutHeader.TryParse(text, out var read).ShouldBeTrue(text);
            read.Ticks.ShouldBeGreaterThanOrEqualTo(ticks);
            (read.Ticks - ticks).ShouldBeLessThanOrEqualTo(Math.Max(10, ticks / 50_000));
        }
    }
}
