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

    // As the server does by default.
    private const int RerankedHits = 50;

    private const int MaxTextBytes = 64 * 1024;

    // Nothing but ids and scores: the figures are about finding.
    private static readonly ReturnFields NoFields = new() { Text = false };

    /// <param name="search">How to search: the mode, and what scores the best hits anew.</param>
    /// <param name="encoder">Of the passages.</param>
    /// <exception cref="CliException">A document could not be indexed.</exception>
    public async Task<EvalResult> RunAsync(
        JudgedCollection collection, SearchQuery search, Encoder encoder, CancellationToken cancellationToken) =>
        await RunAsync(collection, search, encoder, draw: null, cancellationToken);

    /// <summary>
    /// The same with passages of both encoders: <paramref name="draw"/> says which are refined. Null: as
    /// <paramref name="encoder"/> says.
    /// </summary>
    /// <exception cref="CliException">A document could not be indexed.</exception>
    public async Task<EvalResult> RunAsync(
        JudgedCollection collection, SearchQuery search, Encoder encoder, RefinedDraw? draw,
        CancellationToken cancellationToken)
    {
        // Vectors that nobody looks at are made the quick way.
        if (search.Mode is SearchMode.Sparse)
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

            return await MeasureAsync(collection, name, search, cancellationToken);
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
        JudgedCollection collection, string workspace, SearchQuery search, CancellationToken cancellationToken)
    {
        // What is scored anew is all that there is to rank, and scoring it twice would show nothing more.
        var window = WindowOf(search);
        // The first search loads the models; its time is nobody's.
        await RankAsync(workspace, "warm-up", search, window ?? ShownHits, cancellationToken);
        var times = new List<double>();
        double ndcg = 0, precision = 0, recall = 0;
        var watch = Stopwatch.StartNew();
        foreach (var query in collection.Queries)
        {
            var start = Stopwatch.GetTimestamp();
            var found = await RankAsync(workspace, query.Text, search, window ?? ShownHits, cancellationToken);
            times.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            ndcg += RankingMetrics.NdcgAt(ShownHits, found, query.Grades);
            precision += RankingMetrics.AveragePrecision(RankedHits, found, query.Grades);
            recall += RankingMetrics.RecallAt(RecallDepth, found, query.Grades);
        }

        var seconds = watch.Elapsed.TotalSeconds;
        if (window is null)
        {
            // Deep rankings apart, so that the figures of speed are those of an ordinary search.
            (precision, recall) = (0, 0);
            foreach (var query in collection.Queries)
            {
                var found = await RankAsync(workspace, query.Text, search, RankedHits, cancellationToken);
                precision += RankingMetrics.AveragePrecision(RankedHits, found, query.Grades);
                recall += RankingMetrics.RecallAt(RecallDepth, found, query.Grades);
            }
        }

        var count = collection.Queries.Count;
        return new EvalResult(
            collection.Name, SearchModeOption.NameOf(search.Mode), count, ndcg / count, precision / count, recall / count,
            count / seconds, Percentiles.At(times, 0.5), Percentiles.At(times, 0.99))
        {
            Late = search.LateInteraction?.Model, Rerank = search.Rerank?.Model, Reranked = window,
        };
    }

    /// <summary>How many hits are scored anew; null if none are.</summary>
    private static int? WindowOf(SearchQuery search) => (search.Rerank, search.LateInteraction) switch
    {
        (null, null) => null,
        ({ } rerank, _) => rerank.TopN > 0 ? rerank.TopN : RerankedHits,
        (_, { } late) => late.TopN > 0 ? late.TopN : RerankedHits,
    };

    private async Task<IReadOnlyList<string>> RankAsync(
        string workspace, string text, SearchQuery search, int k, CancellationToken cancellationToken)
    {
        var query = search with { Text = Cut(text), K = k, Return = NoFields, Encoder = Encoder.Full };
        var answer = await client.Searches.SearchAsync(workspace, query, cancellationToken);
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
