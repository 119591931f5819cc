using System.Text;
using Rag.Router.Shards;

namespace Rag.Router.Tests.Shards;

public sealed class Utf8OrderTests
{
    [Fact]
    public void Order_is_that_of_the_bytes_in_utf8()
    {
        string[] parts = ["", "a", "b", "\0", "\u007f", "\u0080", "é", "\u07ff", "\u0800", "\ud7ff", "\ue000", "\uffff",
            "\U00010000", "\U0001F600", "\U0010FFFF"];
        var words = (from first in parts from second in parts from third in parts select first + second + third).ToArray();
        var random = new Random(3);
        for (var i = 0; i < 200_000; i++)
        {
            var (left, right) = (words[random.Next(words.Length)], words[random.Next(words.Length)]);
            var expected = Encoding.UTF8.GetBytes(left).AsSpan().SequenceCompareTo(Encoding.UTF8.GetBytes(right));
            Math.Sign(Utf8Order.Compare(left, right)).ShouldBe(Math.Sign(expected), $"{left} / {right}");
        }
    }

    [Fact]
    public void Documents_come_before_chunks()
    {
        Utf8Order.Compare("a", "z", "b", "a").ShouldBeNegative();
        Utf8Order.Compare("a", "z", "a", "a").ShouldBePositive();
        Utf8Order.Compare("a", "z", "a", "z").ShouldBe(0);
    }
}
