using Grpc.Core;
using Rag.Testing;
using Rag.V1;

namespace Rag.Cluster.Tests;

/// <summary>kill -9 at random moments of a stream of writes, seeded, against a real server process.</summary>
public sealed class CrashTests
{
    private const int Rounds = 50;
    private const int Writers = 4;
    private const int KeysPerWriter = 60;
    private const int Dimension = 8;
    private const int Seed = 20_261;

    [Fact]
    public async Task Every_acknowledged_write_survives_fifty_kills_and_nothing_deleted_comes_back()
    {
        using var data = new TemporaryFolder();
        var random = new Random(Seed);
        var model = new ChunkModel();
        var writes = 0L;
        for (var round = 0; round < Rounds; round++)
        {
            await using var server = await StartAsync(data);
            if (round == 0)
                await CreateWorkspaceAsync(server);
            await VerifyAsync(server, model, round);
            using var stop = new CancellationTokenSource();
            var first = round * 1_000_000 + 1;
            var writers = Enumerable.Range(0, Writers)
                .Select(writer => WriteAsync(server, model, writer, new Random(random.Next()), first, stop.Token))
                .ToArray();
            await Task.Delay(random.Next(20, 250));
            await server.KillAsync();
            await stop.CancelAsync();
            writes += (await Task.WhenAll(writers)).Sum();
        }

        await using var last = await StartAsync(data);
        await VerifyAsync(last, model, Rounds);
        // The rounds must have written something worth losing.
        writes.ShouldBeGreaterThan(Rounds * 10);
        (await last.StopAsync()).ShouldBe(0);
    }

    private static Task<ServerProcess> StartAsync(TemporaryFolder data) =>
        ServerProcess.StartAsync("serve", FreePort.Next(), "--data", data.Path);

    private static async Task CreateWorkspaceAsync(ServerProcess server)
    {
        var workspaces = new WorkspaceService.WorkspaceServiceClient(server.Channel);
        await workspaces.CreateWorkspaceAsync(new CreateWorkspaceRequest
        {
            Workspace = new Workspace
            {
                Name = "crash", Spaces = { new VectorSpace { Dimension = Dimension, Metric = Metric.L2 } }, Spread = 2,
            },
        });
    }

    private static async Task<long> WriteAsync(
        ServerProcess server, ChunkModel model, int writer, Random random, int value, CancellationToken ct)
    {
        var chunks = new ChunkService.ChunkServiceClient(server.Channel);
        var acknowledged = 0L;
        try
        {
            while (!ct.IsCancellationRequested)
            {
                // A batch of different keys of this writer alone, so that the order of its writes is known.
                var keys = Enumerable.Range(0, random.Next(1, 6))
                    .Select(_ => $"k{writer}-{random.Next(KeysPerWriter)}").Distinct().ToList();
                var delete = random.Next(4) == 0;
                foreach (var key in keys)
                    model.Begin(key, delete ? ChunkModel.Absent : value);
                if (delete)
                    await DeleteAsync(chunks, keys, ct);
                else
                    await UpsertAsync(chunks, keys, value, ct);
                keys.ForEach(model.Acknowledge);
                acknowledged += keys.Count;
                value++;
            }
        }
        catch (Exception fault) when (fault is RpcException or OperationCanceledException)
        {
            // The server was killed under the call: the model keeps it as unanswered.
        }

        return acknowledged;
    }

    private static async Task UpsertAsync(
        ChunkService.ChunkServiceClient chunks, List<string> keys, int value, CancellationToken ct)
    {
        var request = new UpsertChunksRequest { Workspace = "crash" };
        request.Chunks.AddRange(keys.Select(key => new ChunkWrite
        {
            Chunk = new Chunk
            {
                ChunkId = key, Text = value.ToString(),
                Vectors = { [""] = new Vector { Dense = new DenseVector { Values = { VectorOf(key, value) } } } },
            },
        }));
        var response = await chunks.UpsertChunksAsync(request, cancellationToken: ct);
        response.Results.ShouldAllBe(result => result.Error == null);
    }

    private static async Task DeleteAsync(
        ChunkService.ChunkServiceClient chunks, List<string> keys, CancellationToken ct)
    {
        var request = new DeleteChunksRequest { Workspace = "crash", Keys = new ChunkKeys() };
        request.Keys.Keys.AddRange(keys.Select(key => new ChunkKey { ChunkId = key }));
        await chunks.DeleteChunksAsync(request, cancellationToken: ct);
    }

    private static async Task VerifyAsync(ServerProcess server, ChunkModel model, int round)
    {
        var chunks = new ChunkService.ChunkServiceClient(server.Channel);
        var keys = model.Keys.ToList();
        if (keys.Count == 0)
            return;
        var request = new GetChunksRequest { Workspace = "crash" };
        request.Keys.AddRange(keys.Select(key => new ChunkKey { ChunkId = key }));
        var found = (await chunks.GetChunksAsync(request)).Chunks.ToDictionary(c => c.ChunkId, c => int.Parse(c.Text));
        var faults = keys.Select(key => model.Check(key, found.GetValueOrDefault(key, ChunkModel.Absent)))
            .OfType<string>().ToList();
        faults.ShouldBeEmpty($"after {round} kills");

        var present = model.Present();
        (await chunks.CountChunksAsync(new CountChunksRequest { Workspace = "crash" })).Count.ShouldBe(present.Count);
        await VerifySearchAsync(server, present);
    }

    // Every chunk that is there is found by its own vector, and a search for all finds nothing else.
    private static async Task VerifySearchAsync(ServerProcess server, IReadOnlyDictionary<string, int> present)
    {
        var search = new SearchService.SearchServiceClient(server.Channel);
        var all = await search.SearchAsync(new SearchRequest
        {
            Workspace = "crash", K = 1000, Exact = true,
            Vector = new Vector { Dense = new DenseVector { Values = { new float[Dimension] } } },
        });
        all.Hits.Select(hit => hit.ChunkId).ShouldBe(present.Keys, ignoreOrder: true);
        foreach (var (key, value) in present.Take(5))
        {
            var one = await search.SearchAsync(new SearchRequest
            {
                Workspace = "crash", K = 1,
                Vector = new Vector { Dense = new DenseVector { Values = { VectorOf(key, value) } } },
            });
            one.Hits.Single().Score.ShouldBe(0, 1e-4);
        }
    }

    private static float[] VectorOf(string key, int value)
    {
        var random = new Random(unchecked(KeyNumber(key) * 31 + value));
        return [.. Enumerable.Range(0, Dimension).Select(_ => (float)(random.NextDouble() * 2 - 1))];
    }

    private static int KeyNumber(string key) => key.Aggregate(17, (hash, c) => unchecked(hash * 31 + c));
}
