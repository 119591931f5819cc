using Rag.Internal.V1;
using Rag.Router.Chunks;
using Rag.Router.Errors;
using Rag.Router.Shards;
using Rag.Router.Validation;
using Rag.Router.Workspaces;
using Rag.V1;

namespace Rag.Router.Search;

/// <summary>Searches by chunks and vectors that are like what is wanted, or not. Thread-safe.</summary>
internal sealed class ExampleSearch(ShardCaller shards, HitRetriever retriever)
{
    private static readonly ShardOperation<(SearchPlan Plan, ChunkKey[] Keys), GetResponse> Get = new(
        "Get", OperationKind.ShortRead,
        static (client, target, part, callOptions) =>
            client.GetAsync(part.Plan.ToVectorRequest(target, part.Keys), callOptions))
    {
        WantedBy = static part => part.Plan.MinStamps,
    };

    /// <exception cref="RefusedException">An example is not there, or has no vector, or they leave no
    /// direction.</exception>
    public async Task<RetrievedHits> RetrieveAsync(KnownWorkspace workspace, SearchPlan plan, CallScope scope)
    {
        var examples = plan.Search.Examples;
        var stored = await ReadAsync(workspace, plan, scope);
        if (plan.Search.Mode is SearchMode.Sparse)
        {
            plan.SetSparseVector(SparseExamples.Mean(examples, stored));
            return await retriever.RetrieveAsync(workspace, plan, scope);
        }

        var space = workspace.FindSpace(plan.Search.Space)!;
        var positive = VectorsOf(examples.Positive, "positive", stored, space);
        var negative = VectorsOf(examples.Negative, "negative", stored, space);
        if (examples.Strategy is not ExampleStrategy.BestScore)
        {
            plan.SetVector(HitVectors.Pack(Mean(positive, negative, space)), space.Model);
            return await retriever.RetrieveAsync(workspace, plan, scope);
        }

        RetrievedHits? first = null;
        var hits = new Dictionary<(string, string), SearchHit>();
        foreach (var vector in positive)
        {
            var part = plan.WithVector(HitVectors.Pack(vector), space.Model);
            var found = await retriever.RetrieveAsync(workspace, part, scope);
            plan.SetSeen(part.SeenStamps);
            first ??= found;
            foreach (var hit in found.Hits)
                hits.TryAdd((hit.DocumentId, hit.ChunkId), hit);
        }

        foreach (var hit in hits.Values)
            hit.Score = ScoreOf(HitVectors.Of(hit.Vectors, space.Name), positive, negative, space.Metric);
        var all = hits.Values.ToList();
        HitMerge.Sort(all);
        return first! with { Hits = all };
    }

    private static float ScoreOf(float[] vector, List<float[]> positive, List<float[]> negative, Metric metric)
    {
        var best = positive.Max(example => HitVectors.Score(metric, example, vector));
        if (negative.Count == 0)
            return best;
        var worst = negative.Max(example => HitVectors.Score(metric, example, vector));
        return worst > best ? 2 * best - worst : best;
    }

    private static float[] Mean(List<float[]> positive, List<float[]> negative, VectorSpace space)
    {
        var mean = Mean(positive, space);
        if (negative.Count > 0)
        {
            var away = Mean(negative, space);
            for (var i = 0; i < mean.Length; i++)
                mean[i] = 2 * mean[i] - away[i];
        }

        var isCosine = space.Metric is Metric.Cosine or Metric.Unspecified;
        return isCosine && mean.AsSpan().IndexOfAnyExcept(0f) < 0
            ? throw Refuse.Invalid("examples", "The examples cancel one another out: leave some of them out.")
            : mean;
    }

    private static float[] Mean(List<float[]> vectors, VectorSpace space)
    {
        var mean = new float[space.Dimension];
        foreach (var vector in vectors)
        {
            var unit = vector.AsSpan().ToArray();
            if (space.Metric is Metric.Cosine or Metric.Unspecified)
                HitVectors.Normalize(unit);
            for (var i = 0; i < mean.Length; i++)
                mean[i] += unit[i] / vectors.Count;
        }

        return mean;
    }

    private static List<float[]> VectorsOf(
        IReadOnlyList<Example> examples, string side, Dictionary<(string, string), Chunk> stored, VectorSpace space)
    {
        var vectors = new List<float[]>(examples.Count);
        for (var i = 0; i < examples.Count; i++)
        {
            var field = $"examples.{side}[{i}]";
            if (examples[i].KindCase is Example.KindOneofCase.Vector)
            {
                if (VectorRules.Fault(examples[i].Vector, space) is { } fault)
                    throw Refuse.Invalid(field, fault);
                vectors.Add(HitVectors.Of(examples[i].Vector));
                continue;
            }

            var key = examples[i].Chunk;
            if (!stored.TryGetValue((ChunkPlacement.DocumentOf(key), key.ChunkId), out var chunk))
                throw Refuse.Invalid(field, "There is no such chunk: name one that is there, or send a vector.");
            var vector = HitVectors.Of(chunk.Vectors, space.Name);
            vectors.Add(vector.Length > 0
                ? vector
                : throw Refuse.Invalid(field, $"The chunk has no vector in space '{space.Name}': name another one."));
        }

        return vectors;
    }

    private async Task<Dictionary<(string, string), Chunk>> ReadAsync(
        KnownWorkspace workspace, SearchPlan plan, CallScope scope)
    {
        var keys = plan.ExampleKeys;
        var found = new Dictionary<(string, string), Chunk>();
        foreach (var (bucket, items) in BucketBatches.Of(workspace, [.. keys.Select(ChunkPlacement.DocumentOf)]))
        {
            var part = (plan, items.Select(item => keys[item]).ToArray());
            var answer = await shards.CallBucketAsync(workspace, bucket, part, Get, scope);
            foreach (var chunk in answer.Response.Chunks)
                found[(chunk.DocumentId, chunk.ChunkId)] = chunk;
        }

        return found;
    }
}
