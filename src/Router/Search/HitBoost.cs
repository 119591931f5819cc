using Google.Protobuf.WellKnownTypes;
using Rag.V1;
using Value = Rag.V1.Value;

namespace Rag.Router.Search;

/// <summary>Adds to scores by how near metadata is to a wanted number or time.</summary>
internal static class HitBoost
{
    private const double DefaultDecay = 0.5;

    /// <summary>Boosts hits that carry their metadata, and puts them in their new order.</summary>
    /// <param name="now">What `now` stands for, one moment for all partitions.</param>
    public static void Apply(IReadOnlyList<Boost> boosts, List<SearchHit> hits, DateTimeOffset now)
    {
        foreach (var hit in hits)
        {
            var score = (double)hit.Score;
            foreach (var boost in boosts)
            {
                if (hit.Metadata.TryGetValue(boost.Key, out var value) && DistanceOf(boost, value, now) is { } distance)
                    score += (boost.HasWeight ? boost.Weight : 1) * FactorAt(boost, distance);
            }

            hit.Score = (float)score;
        }

        HitMerge.Sort(hits);
    }

    /// <summary>1 up to the offset, then less and less.</summary>
    public static double FactorAt(Boost boost, double distance)
    {
        var decay = boost.Decay == 0 ? DefaultDecay : boost.Decay;
        var part = Math.Max(0, distance - boost.Offset) / boost.Scale;
        return boost.Shape switch
        {
            DecayShape.Exponential => Math.Exp(Math.Log(decay) * part),
            DecayShape.Linear => Math.Max(0, 1 - (1 - decay) * part),
            _ => Math.Exp(Math.Log(decay) * part * part),
        };
    }

    private static double? DistanceOf(Boost boost, Value value, DateTimeOffset now)
    {
        if (boost.OriginCase is Boost.OriginOneofCase.Number)
        {
            return value.KindCase switch
            {
                Value.KindOneofCase.IntegerValue => Math.Abs(value.IntegerValue - boost.Number),
                Value.KindOneofCase.FloatValue => Math.Abs(value.FloatValue - boost.Number),
                Value.KindOneofCase.IntegerList => Nearest(value.IntegerList.Values, boost, static (v, b) => v - b.Number),
                Value.KindOneofCase.FloatList => Nearest(value.FloatList.Values, boost, static (v, b) => v - b.Number),
                _ => null,
            };
        }

        var origin = boost.OriginCase is Boost.OriginOneofCase.Now ? Timestamp.FromDateTimeOffset(now) : boost.Time;
        return value.KindCase switch
        {
            Value.KindOneofCase.TimestampValue => Math.Abs(SecondsBetween(value.TimestampValue, origin)),
            Value.KindOneofCase.TimestampList => Nearest(value.TimestampList.Values, origin, SecondsBetween),
            _ => null,
        };
    }

    private static double? Nearest<T, TOrigin>(
        IReadOnlyList<T> values, TOrigin origin, Func<T, TOrigin, double> difference) =>
        values.Count == 0 ? null : values.Min(value => Math.Abs(difference(value, origin)));

    private static double SecondsBetween(Timestamp left, Timestamp right) =>
        left.Seconds - right.Seconds + (left.Nanos - right.Nanos) / 1e9;
}
