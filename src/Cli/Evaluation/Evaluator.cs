using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Text;
using Rag.Cli.Options;
using Rag.Client;
using Rag.V1;
using Encoder = Rag.V1.Encoder;

namespace Rag.Cli.Evaluation;

/// <summary>
/// Indexes a judged collection in a temporary workspace, a chunk a document, and measures how well and how fast its
/// queries are answered. Queries are always embedded by the full encoder.
/// </summary>
internal sealed class Evaluator(RagClient client, TextWriter notes)
{
    private const int ShownHits = 10;
    private const int RecallDepth = 100;
    private const int RankedHits = 1000;
    private const int MaxTextBytes = 64 * 1024;

    // Nothing but ids and scores: the figures are about finding.
    private static readonly ReturnFields NoFields = new() { Text = false };

    /// <exception cref="CliException">A document could not be indexed.</exception>
    public async Task<EvalResult> RunAsync(
        JudgedCollection collection, SearchMode mode, Encoder encoder, CancellationToken cancellationToken) =>
        await RunAsync(collection, mode, encoder, draw: null, cancellationToken);

    /// <summary>
    /// The same with passages of both encoders: <paramref name="draw"/> says which are refined. Null: as
    /// <paramref name="encoder"/> says.
    /// </summary>
    /// <exception cref="CliException">A document could not be indexed.</exception>
    public async Task<EvalResult> RunAsync(
        JudgedCollection collection, SearchMode mode, Encoder encoder, RefinedDraw? draw,
        CancellationToken cancellationToken)
    {
        // Vectors that nobody looks at are made the quick way.
        if (mode is SearchMode.Sparse)
            encoder = Encoder.Lookup;
        var name = $"eval-{Guid.CreateVersion7():N}";
        await client.Workspaces.CreateAsync(
            new Workspace
            {
                Name = name,
                Embedding = new EmbeddingSettings
                {
                    Ingest = encoder == Encoder.Lookup ? EmbeddingIngest.Fast : EmbeddingIngest.Full,
                },
            },
            cancellationToken);
        try
        {
            if (draw is null)
            {
                await IndexAsync(collection, client.Workspace(name), encoder, _ => true, cancellationToken);
            }
            else
            {
                var refined = draw.Choose(collection);
                await IndexAsync(
                    collection, client.Workspace(name), Encoder.Lookup, id => !refined.Contains(id), cancellationToken);
                await IndexAsync(collection, client.Workspace(name), Encoder.Full, refined.Contains, cancellationToken);
            }

            return await MeasureAsync(collection, name, mode, cancellationToken);
        }
        finally
        {
            // Also after Ctrl-C: a temporary workspace is nobody's.
            await client.Workspaces.DeleteAsync(name, cancellationToken: CancellationToken.None);
        }
    }

    private async Task IndexAsync(
        JudgedCollection collection, WorkspaceClient workspace, Encoder encoder, Func<string, bool> wanted,
        CancellationToken cancellationToken)
    {
        var watch = Stopwatch.StartNew();
        var outcome = await workspace.Chunks.UpsertManyAsync(
            ReadChunksAsync(collection, wanted, cancellationToken), encoder: encoder, cancellationToken: cancellationToken);
        notes.WriteLine(FormattableString.Invariant(
            $"{outcome.Written} documents indexed in {watch.Elapsed.TotalSeconds:0.0} s"));
        if (outcome.Failed > 0)
        {
            var first = outcome.Failures[0];
            throw new CliException(
                $"{outcome.Failed} documents were not indexed; the first: {first.DocumentId}: {first.Error.Message}");
        }
    }

    private async Task<EvalResult> MeasureAsync(
        JudgedCollection collection, string workspace, SearchMode mode, CancellationToken cancellationToken)
    {
        // The first search loads the model; its time is nobody's.
        await client.Searches.SearchAsync(
            workspace, new SearchQuery { Text = "warm-up", Mode = mode, Return = NoFields }, cancellationToken);
        var times = new List<double>();
        double ndcg = 0, precision = 0, recall = 0;
        var watch = Stopwatch.StartNew();
        foreach (var query in collection.Queries)
        {
            var start = Stopwatch.GetTimestamp();
            var found = await RankAsync(workspace, query, mode, ShownHits, cancellationToken);
            times.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            ndcg += RankingMetrics.NdcgAt(ShownHits, found, query.Grades);
        }

        var seconds = watch.Elapsed.TotalSeconds;
        // Deep rankings apart, so that the figures of speed are those of an ordinary search.
        foreach (var query in collection.Queries)
        {
            var found = await RankAsync(workspace, query, mode, RankedHits, cancellationToken);
            precision += RankingMetrics.AveragePrecision(RankedHits, found, query.Grades);
            recall += RankingMetrics.RecallAt(RecallDepth, found, query.Grades);
        }

        var count = collection.Queries.Count;
        return new EvalResult(
            collection.Name, SearchModeOption.NameOf(mode), count, ndcg / count, precision / count, recall / count, count / seconds,
            Percentiles.At(times, 0.5), Percentiles.At(times, 0.99));
    }

    private async Task<IReadOnlyList<string>> RankAsync(
        string workspace, JudgedQuery query, SearchMode mode, int k, CancellationToken cancellationToken)
    {
        var search = new SearchQuery
        {
            Text = Cut(query.Text), Mode = mode, K = k, Return = NoFields, Encoder = Encoder.Full,
        };
        var answer = await client.Searches.SearchAsync(workspace, search, cancellationToken);
        return [.. answer.Hits.Select(hit => hit.DocumentId)];
    }

    private static async IAsyncEnumerable<Chunk> ReadChunksAsync(
        JudgedCollection collection, Func<string, bool> wanted,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await Task.Yield();
        foreach (var document in collection.ReadDocuments())
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (!wanted(document.Id))
                continue;
            yield return new Chunk { ChunkId = document.Id, Text = Cut(document.Passage) };
        }
    }

    /// <summary>The longest beginning of at most 64 KiB of UTF-8; encoders read far less.</summary>
    internal static string Cut(string text)
    {
        if (Encoding.UTF8.GetByteCount(text) <= MaxTextBytes)
            return text;
        var bytes = 0;
        var length = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            if (bytes + rune.Utf8SequenceLength > MaxTextBytes)
                break;
            bytes += rune.Utf8SequenceLength;
            length += rune.Utf16SequenceLength;
        }

        return text[..length];
    }
}
