using System.Text;
using Rag.V1;
using Value = Rag.V1.Value;

namespace Rag.Cluster.Tests.Retrieval.Properties;

/// <summary>What a search must find, computed over all chunks one by one.</summary>
internal sealed class SearchOracle(List<Chunk> chunks)
{
    private const double Tolerance = 1e-4;

    /// <summary>What is wrong with the hits of a search; null for nothing.</summary>
    /// <param name="limit">How many hits, or documents, were asked for.</param>
    public string? FaultOf(SearchRequest search, List<SearchHit> hits, int limit)
    {
        var each = search.Grouping is null ? 0 : Math.Max(1, search.Grouping.ChunksPerDocument);
        var ranked = Rank(search, each);
        var byId = ranked.ToDictionary(item => item.Chunk.ChunkId, item => item.Score);
        foreach (var hit in hits)
        {
            if (!byId.TryGetValue(hit.ChunkId, out var score))
                return $"{hit.ChunkId} is no hit";
            if (Math.Abs(score - hit.Score) > Tolerance)
                return $"{hit.ChunkId} has {hit.Score}, not {score}";
        }

        if (hits.Select(hit => hit.ChunkId).Distinct().Count() != hits.Count)
            return "a hit comes twice";
        var groups = Groups(ranked, each);
        if (search.Diversity is { } diversity)
            return DiversityFault(diversity, [.. groups.Take(diversity.FetchK)], hits, each, limit);
        var expected = groups.Skip(search.Offset).Take(limit).ToList();
        var found = Groups([.. hits.Select(hit => (chunks.Find(chunk => chunk.ChunkId == hit.ChunkId)!, (double)hit.Score))], each);
        if (found.Count != expected.Count)
            return $"{found.Count} entries, not {expected.Count}";
        for (var i = 0; i < found.Count; i++)
        {
            if (found[i].Count != expected[i].Count && IsClear(expected, i))
                return $"entry {i} has {found[i].Count} hits, not {expected[i].Count}";
            if (Math.Abs(found[i][0].Score - expected[i][0].Score) > Tolerance)
                return $"entry {i} has {found[i][0].Score}, not {expected[i][0].Score}";
            // Vectors are on a grid: where nothing is added to scores, they and the order of equal ones are exact.
            if (search.Boosts.Count == 0 && search.Examples is null && found[i][0].Chunk != expected[i][0].Chunk)
                return $"entry {i} is {found[i][0].Chunk.ChunkId}, not {expected[i][0].Chunk.ChunkId}";
        }

        return null;
    }

    public static bool Accepts(Filter? filter, Chunk chunk) => filter?.KindCase switch
    {
        null => true,
        Filter.KindOneofCase.All => filter.All.Filters.All(part => Accepts(part, chunk)),
        Filter.KindOneofCase.Any => filter.Any.Filters.Any(part => Accepts(part, chunk)),
        Filter.KindOneofCase.Not => !Accepts(filter.Not, chunk),
        Filter.KindOneofCase.Exists => Elements(chunk, filter.Exists.Key).Any(),
        Filter.KindOneofCase.Equal => Has(chunk, filter.Equal.Key, filter.Equal.Value),
        Filter.KindOneofCase.In => filter.In.Values.Any(value => Has(chunk, filter.In.Key, value)),
        Filter.KindOneofCase.ContainsAll => filter.ContainsAll.Values.All(value => Has(chunk, filter.ContainsAll.Key, value)),
        Filter.KindOneofCase.Range => Elements(chunk, filter.Range.Key).Any(element => IsIn(filter.Range, element)),
        _ => Elements(chunk, filter.GeoBox.Key).OfType<GeoPoint>().Any(place => IsIn(filter.GeoBox, place)),
    };

    // The order in which hits are cut to pages, or chosen from.
    private List<(Chunk Chunk, double Score)> Rank(SearchRequest search, int each)
    {
        var examples = search.Examples is null
            ? []
            : search.Examples.Positive.Concat(search.Examples.Negative).Select(example => example.Chunk.ChunkId).ToHashSet();
        var plain = SampleChunks.Ordered(chunks.Where(chunk => Accepts(search.Filter, chunk) && !examples.Contains(chunk.ChunkId))
            .Select(chunk => (chunk, PlainScore(search, chunk))));
        var pool = search.Boosts.Count == 0 ? plain : [.. Groups(plain, each).Take(search.Candidates).SelectMany(group => group)];
        return [.. SampleChunks.Ordered(pool.Select(item => (item.Chunk, item.Score + search.Boosts.Sum(boost => Added(boost, item.Chunk)))))
            .Where(item => !search.HasScoreThreshold || item.Score >= search.ScoreThreshold)];
    }

    private double PlainScore(SearchRequest search, Chunk chunk)
    {
        if (search.Examples is null)
            return Score(search.Vector.Dense.Values, VectorOf(chunk));
        var (wanted, unwanted) = (Vectors(search.Examples.Positive), Vectors(search.Examples.Negative));
        if (search.Examples.Strategy is ExampleStrategy.BestScore)
        {
            var best = wanted.Max(vector => Score(vector, VectorOf(chunk)));
            var worst = unwanted.Select(vector => Score(vector, VectorOf(chunk))).DefaultIfEmpty(double.NegativeInfinity).Max();
            return worst > best ? 2 * best - worst : best;
        }

        var target = Mean(wanted);
        if (unwanted.Count > 0)
            target = [.. target.Zip(Mean(unwanted), (p, n) => 2 * p - n)];
        return Score(target, VectorOf(chunk));
    }

    private static double Added(Boost boost, Chunk chunk)
    {
        var distances = Elements(chunk, boost.Key).Where(element => element is long or double)
            .Select(element => Math.Abs(Convert.ToDouble(element) - boost.Number)).ToList();
        if (distances.Count == 0)
            return 0;
        var d = Math.Max(0, distances.Min() - boost.Offset);
        return boost.Weight * boost.Shape switch
        {
            DecayShape.Exponential => Math.Pow(0.5, d / boost.Scale),
            DecayShape.Linear => Math.Max(0, 1 - 0.5 * d / boost.Scale),
            _ => Math.Pow(0.5, d * d / boost.Scale / boost.Scale),
        };
    }

    // Each choice must be as good as any other would have been then, within what rounding may change.
    private static string? DiversityFault(
        Diversity diversity, List<List<(Chunk Chunk, double Score)>> pool, List<SearchHit> hits, int each, int limit)
    {
        if (pool.Count == 0)
            return hits.Count == 0 ? null : "there should be no hits";
        var heads = hits.Where((hit, i) => each == 0 || i == 0 || hits[i - 1].DocumentId != hit.DocumentId).ToList();
        if (heads.Count != Math.Min(limit, pool.Count))
            return $"{heads.Count} entries, not {Math.Min(limit, pool.Count)}";
        var (low, high) = (pool.Min(group => group[0].Score), pool.Max(group => group[0].Score));
        var left = pool.Select(group => group[0]).ToList();
        var chosen = new List<Chunk>();
        foreach (var hit in heads)
        {
            double Gain((Chunk Chunk, double Score) item) =>
                diversity.Lambda * (high > low ? (item.Score - low) / (high - low) : 1)
                - (1.0 - diversity.Lambda) * (chosen.Count == 0 ? 0 : chosen.Max(other => Cosine(VectorOf(item.Chunk), VectorOf(other))));
            var at = left.FindIndex(item => item.Chunk.ChunkId == hit.ChunkId);
            if (at < 0)
                return $"{hit.ChunkId} was not to be chosen from";
            if (Gain(left[at]) < left.Max(Gain) - 1e-3)
                return $"{hit.ChunkId} gains {Gain(left[at])}, and {left.Max(Gain)} was possible";
            chosen.Add(left[at].Chunk);
            left.RemoveAt(at);
        }

        return null;
    }

    // Whether no rounding can have put another document here.
    private static bool IsClear(List<List<(Chunk Chunk, double Score)>> groups, int i) =>
        (i == 0 || groups[i - 1][0].Score - groups[i][0].Score > Tolerance)
        && (i + 1 == groups.Count || groups[i][0].Score - groups[i + 1][0].Score > Tolerance);

    private static List<List<(Chunk Chunk, double Score)>> Groups(List<(Chunk Chunk, double Score)> ranked, int each) => each == 0
        ? [.. ranked.Select(item => new List<(Chunk Chunk, double Score)> { item })]
        : [.. ranked.GroupBy(item => item.Chunk.DocumentId).Select(group => group.Take(each).ToList())];

    private List<IList<float>> Vectors(IEnumerable<Example> examples) =>
        [.. examples.Select(example => VectorOf(chunks.Find(chunk => chunk.ChunkId == example.Chunk.ChunkId)!))];

    private static IList<float> Mean(List<IList<float>> vectors) =>
        [.. Enumerable.Range(0, SampleChunks.Dimension).Select(i => vectors.Average(vector => vector[i]))];

    private static IList<float> VectorOf(Chunk chunk) => chunk.Vectors[""].Dense.Values;

    private static double Score(IList<float> left, IList<float> right) => -left.Zip(right, (a, b) => ((double)a - b) * ((double)a - b)).Sum();

    private static double Cosine(IList<float> left, IList<float> right)
    {
        var lengths = Math.Sqrt(left.Sum(x => (double)x * x) * right.Sum(x => (double)x * x));
        return lengths == 0 ? 0 : left.Zip(right, (a, b) => (double)a * b).Sum() / lengths;
    }

    private static bool Has(Chunk chunk, string key, Value value) =>
        Elements(chunk, key).Contains(PropertyCorpus.ElementsOf(value).Single());

    private static IEnumerable<object> Elements(Chunk chunk, string key) =>
        chunk.Metadata.TryGetValue(key, out var value) ? PropertyCorpus.ElementsOf(value) : [];

    private static bool IsIn(RangeFilter range, object element)
    {
        bool Holds(Value? bound, Func<int, bool> holds) =>
            bound is null || (Compare(element, PropertyCorpus.ElementsOf(bound).Single()) is { } order && holds(order));
        return Holds(range.GreaterThan, static order => order > 0) && Holds(range.AtLeast, static order => order >= 0)
            && Holds(range.LessThan, static order => order < 0) && Holds(range.AtMost, static order => order <= 0);
    }

    private static int? Compare(object left, object right) => (left, right) switch
    {
        (string a, string b) => Encoding.UTF8.GetBytes(a).AsSpan().SequenceCompareTo(Encoding.UTF8.GetBytes(b)),
        (long a, long b) => a.CompareTo(b),
        (double a, double b) => a.CompareTo(b),
        (DateTime a, DateTime b) => a.CompareTo(b),
        _ => null,
    };

    private static bool IsIn(GeoBoxFilter box, GeoPoint place)
    {
        var (west, east) = (box.SouthWest.Longitude, box.NorthEast.Longitude);
        return place.Latitude >= box.SouthWest.Latitude && place.Latitude <= box.NorthEast.Latitude
            && (west <= east ? place.Longitude >= west && place.Longitude <= east : place.Longitude >= west || place.Longitude <= east);
    }
}
