using Rag.Router.Chunks;
using Rag.Router.Errors;
using Rag.Router.Validation;
using Rag.V1;

namespace Rag.Router.Search;

/// <summary>
/// Examples by their sparse vectors: the mean of those that are wanted, each by its direction, moved away from the mean
/// of those that are not. What comes to nothing or less is left out, and so is what is more than a query may have.
/// </summary>
internal static class SparseExamples
{
    /// <exception cref="RefusedException">An example is not there, or has no sparse vector, or they leave
    /// nothing.</exception>
    public static SparseVector Mean(Examples examples, IReadOnlyDictionary<(string, string), Chunk> stored)
    {
        var mean = new Dictionary<uint, double>();
        var shareAgainst = examples.Negative.Count > 0 ? 1.0 : 0;
        Add(mean, examples.Positive, "positive", 1 + shareAgainst, stored);
        Add(mean, examples.Negative, "negative", -shareAgainst, stored);
        var vector = new SparseVector();
        var best = mean.Where(static entry => (float)entry.Value > 0)
            .OrderByDescending(static entry => entry.Value).ThenBy(static entry => entry.Key).Take(Limits.SparseEntries);
        foreach (var (index, weight) in best)
        {
            vector.Indices.Add(index);
            vector.Weights.Add((float)weight);
        }

        return vector.Indices.Count > 0
            ? vector
            : throw Refuse.Invalid("examples", "The examples cancel one another out: leave some of them out.");
    }

    private static void Add(
        Dictionary<uint, double> mean, IReadOnlyList<Example> examples, string side, double share,
        IReadOnlyDictionary<(string, string), Chunk> stored)
    {
        for (var i = 0; i < examples.Count; i++)
        {
            var field = $"examples.{side}[{i}]";
            var key = examples[i].Chunk;
            if (!stored.TryGetValue((ChunkPlacement.DocumentOf(key), key.ChunkId), out var chunk))
                throw Refuse.Invalid(field, "There is no such chunk: name one that is there.");
            if (chunk.SparseVector is not { } vector)
                throw Refuse.Invalid(field, "The chunk has no sparse vector: name another one.");
            var length = Math.Sqrt(vector.Weights.Sum(static weight => (double)weight * weight));
            for (var j = 0; j < vector.Indices.Count; j++)
            {
                var part = share * vector.Weights[j] / length / examples.Count;
                mean[vector.Indices[j]] = mean.GetValueOrDefault(vector.Indices[j]) + part;
            }
        }
    }
}
