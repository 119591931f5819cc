using Rag.Hosting.Overload;

namespace Rag.Hosting.Tests.Overload;

public sealed class FairQueueTests
{
    private readonly FairQueue<string> _queue = new();
    private readonly Dictionary<Waiter, string> _names = [];

    [Fact]
    public void Lines_are_served_in_turn_and_each_in_its_order()
    {
        Add("a", "a1", "a2", "a3");
        Add("b", "b1", "b2");
        Add("c", "c1");
        Take(6).ShouldBe(["a1", "b1", "c1", "a2", "b2", "a3"]);
        _queue.Take().ShouldBeNull();
        _queue.Lines.ShouldBe(0);
    }

    [Fact]
    public void A_line_that_begins_is_served_before_those_that_stand()
    {
        Add("flood", [.. Enumerable.Range(0, 100).Select(i => $"flood{i}")]);
        Take(10);
        Add("quiet", "q1");
        Take(1).ShouldBe(["q1"]);
    }

    [Fact]
    public void A_line_that_was_emptied_has_to_wait_for_its_turn_before_it_begins_anew()
    {
        Add("a", "a1", "a2");
        Add("b", "b1", "b2");
        Take(2);
        Add("often", "o1");
        Take(1).ShouldBe(["o1"]);
        // It comes again at once, time after time: the others have their turns all the same.
        Add("often", "o2");
        Take(3).ShouldBe(["a2", "b2", "o2"]);
    }

    [Fact]
    public void Nothing_is_left_behind_of_keys_that_come_and_go()
    {
        for (var i = 0; i < 10_000; i++)
        {
            Add($"key-{i}", "one");
            Take(1);
        }

        _queue.Take().ShouldBeNull();
        _queue.Count.ShouldBe(0);
        _queue.Lines.ShouldBe(0);
    }

    private void Add(string key, params string[] names)
    {
        foreach (var name in names)
        {
            var waiter = new Waiter(_ => { });
            _names[waiter] = name;
            _queue.Add(key, waiter);
        }
    }

    private string[] Take(int count) => [.. Enumerable.Range(0, count).Select(_ => _names[_queue.Take().ShouldNotBeNull()])];
}
