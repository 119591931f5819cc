using Rag.Client;
using Rag.V1;

namespace Rag.Load.Data;

/// <summary>Writes a scenario's data before the load begins. What is there already, from an earlier run with the same seed, stays.</summary>
internal static class DataLoader
{
    private const int AtATime = 16;
    private const int BatchSize = 250;

    public static async Task LoadAsync(RagClient client, Corpus corpus, IProgress<double> progress, CancellationToken cancellationToken)
    {
        var done = 0;
        await Parallel.ForEachAsync(
            Enumerable.Range(0, corpus.Data.Workspaces),
            new ParallelOptions { MaxDegreeOfParallelism = AtATime, CancellationToken = cancellationToken },
            async (workspace, stop) =>
            {
                await LoadOneAsync(client, corpus, workspace, stop);
                progress.Report(Interlocked.Increment(ref done) / (double)corpus.Data.Workspaces);
            });
    }

    private static async Task LoadOneAsync(RagClient client, Corpus corpus, int workspace, CancellationToken cancellationToken)
    {
        var name = Corpus.WorkspaceName(workspace);
        var wanted = new Workspace { Name = name };
        if (!corpus.Data.Texts)
            wanted.Spaces.Add(new VectorSpace { Dimension = corpus.Data.Dimension, Metric = Metric.Cosine });
        try
        {
            await client.Workspaces.CreateAsync(wanted, cancellationToken);
        }
        catch (RagException known) when (known.StatusCode == Grpc.Core.StatusCode.AlreadyExists)
        {
            if (await client.Workspace(name).Chunks.CountAsync(cancellationToken: cancellationToken) >= corpus.Data.Chunks)
                return;
        }

        var chunks = client.Workspace(name).Chunks;
        var batches = Enumerable.Range(0, corpus.Data.Chunks).Chunk(BatchSize);
        await Parallel.ForEachAsync(
            batches, new ParallelOptions { MaxDegreeOfParallelism = 4, CancellationToken = cancellationToken },
            async (batch, stop) =>
            {
                var response = await chunks.UpsertAsync(batch.Select(number => ChunkMaker.Make(corpus, workspace, number, 0)), stop);
                if (response.Results.FirstOrDefault(result => result.Error is not null) is { } failed)
                    throw new InvalidOperationException($"A chunk was not written: {failed.Error.Message}");
            });
    }
}
