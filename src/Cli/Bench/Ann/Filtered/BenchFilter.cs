using System.Numerics;
using Rag.Engine.Indexing;

namespace Rag.Cli.Bench.Ann.Filtered;

/// <summary>A filter as a bitmap, as the store has it, and the queries that go with it.</summary>
internal sealed class BenchFilter
{
    /// <summary>Queries that a correlated filter is searched by.</summary>
    private const int NearQueries = 100;

    private readonly ulong[] _words;
    private readonly int _rows;

    private BenchFilter(FilterKind kind, double selectivity, int rows, IReadOnlyList<int> queries)
    {
        (Kind, Selectivity, Queries, _rows) = (kind, selectivity, queries, rows);
        _words = new ulong[(rows + 63) / 64];
    }

    public FilterKind Kind { get; }

    /// <summary>Share of rows that was asked for.</summary>
    public double Selectivity { get; }

    /// <summary>Rows that it accepts.</summary>
    public int Accepted { get; private set; }

    /// <summary>Numbers of the queries to search with.</summary>
    public IReadOnlyList<int> Queries { get; }

    public Rows Filter => new(_words, _rows);

    /// <summary>Makes a filter; seeded.</summary>
    public static BenchFilter Create(FilterKind kind, double selectivity, OwnIndex own, AnnMatrix<float> queries, Metric metric)
    {
        var rows = own.Index.Count;
        var wanted = Math.Max(1, (int)Math.Round(rows * selectivity));
        var random = new Random(20_260_101);
        if (kind == FilterKind.Random)
        {
            var all = new BenchFilter(kind, selectivity, rows, [.. Enumerable.Range(0, queries.Count)]);
            var order = Enumerable.Range(0, rows).ToArray();
            random.Shuffle(order);
            all.Accept(order.AsSpan(0, wanted));
            return all;
        }

        // An attribute that has to do with the content: what lies around one point has it.
        var pivot = kind == FilterKind.Correlated
            ? queries[random.Next(queries.Count)].ToArray()
            : own.Vector(random.Next(rows)).ToArray();
        var nearest = Order(rows, row => ExactTruth.Score(metric, pivot, own.Vector(row)));
        var byNearness = Order(queries.Count, query => ExactTruth.Score(metric, pivot, queries[query]));
        var count = Math.Min(NearQueries, queries.Count);
        var filter = new BenchFilter(kind, selectivity, rows,
            kind == FilterKind.Correlated ? byNearness[..count] : byNearness[^Math.Max(count, queries.Count / 2)..]);
        filter.Accept(nearest.AsSpan(0, wanted));
        return filter;
    }

    private static int[] Order(int count, Func<int, float> score)
    {
        var keys = new float[count];
        var order = new int[count];
        for (var i = 0; i < count; i++)
            (keys[i], order[i]) = (-score(i), i);
        Array.Sort(keys, order);
        return order;
    }

    private void Accept(ReadOnlySpan<int> rows)
    {
        foreach (var row in rows)
            _words[row >> 6] |= 1UL << row;
        Accepted = rows.Length;
    }

    /// <summary>The rows, as a search asks for them.</summary>
    internal readonly struct Rows(ulong[] words, int rows) : IRowFilter
    {
        public ReadOnlySpan<ulong> Bits => words;

        public bool Accepts(int row) => (words[row >> 6] >> row & 1) != 0;

        public int Next(int row)
        {
            if (row >= rows)
                return int.MaxValue;
            var index = row >> 6;
            var word = words[index] & ulong.MaxValue << row;
            while (word == 0)
            {
                if (++index == words.Length)
                    return int.MaxValue;
                word = words[index];
            }

            return (index << 6) + BitOperations.TrailingZeroCount(word);
        }
    }
}
