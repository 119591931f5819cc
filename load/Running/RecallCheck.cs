using System.Numerics.Tensors;
using Rag.Load.Data;
using Rag.Load.Driving;
using Rag.Load.Measuring;
using Rag.V1;

namespace Rag.Load.Running;

/// <summary>
/// Compares sampled answers with the exact ones. Where nothing writes and a workspace is small they are computed here, from
/// the seed, so that the server does not check itself; otherwise an exact search is asked for. Where something writes the
/// sampled searches are made once more beside it: what they found meanwhile may be replaced.
/// </summary>
internal sealed class RecallCheck(Corpus corpus, Uri address, bool nothingWrites)
{
    private const int MaxChunksHere = 20_000;

    /// <summary>Share of the exact nearest that the samples hold; null without samples.</summary>
    public async Task<double?> RunAsync(TrafficDriver driver, TrafficCount count, CancellationToken cancellationToken)
    {
        if (count.Samples.Count == 0)
            return null;
        using var connections = new Connections(address, 1);
        var client = new SearchService.SearchServiceClient(connections.Invokers[0]);
        var (found, wanted) = (0, 0);
        foreach (var (operation, ids) in count.Samples)
        {
            IReadOnlyList<string> given = nothingWrites
                ? ids
                : await AskAsync(client, driver.Operations.ToRequest(operation), isExact: false, cancellationToken);
            var exact = nothingWrites && corpus.Data.Chunks <= MaxChunksHere
                ? Nearest(operation, driver.Traffic.K)
                : await AskAsync(client, driver.Operations.ToRequest(operation), isExact: true, cancellationToken);
            wanted += exact.Count;
            found += exact.Count(given.Contains);
        }

        return wanted == 0 ? null : Math.Round((double)found / wanted, 4);
    }

    private List<string> Nearest(Operation operation, int k)
    {
        var (query, vector) = (new float[corpus.Data.Dimension], new float[corpus.Data.Dimension]);
        corpus.QueryVector(operation.Workspace, operation.Number, query);
        var scored = new (float Score, int Chunk)[corpus.Data.Chunks];
        for (var chunk = 0; chunk < scored.Length; chunk++)
        {
            corpus.ChunkVector(operation.Workspace, chunk, 0, vector);
            scored[chunk] = (TensorPrimitives.Dot<float>(query, vector), chunk);
        }

        return [.. scored.OrderByDescending(one => one.Score).Take(k).Select(one => Corpus.ChunkId(one.Chunk))];
    }

    private static async Task<List<string>> AskAsync(
        SearchService.SearchServiceClient client, SearchRequest request, bool isExact, CancellationToken cancellationToken)
    {
        if (isExact)
            request.Exact = true;
        var response = await client.SearchAsync(request, cancellationToken: cancellationToken);
        return [.. response.Hits.Select(hit => hit.ChunkId)];
    }
}
