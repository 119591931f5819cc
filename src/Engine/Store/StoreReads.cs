using System.Text;
using Rag.Engine.Filters;
using Rag.Engine.Indexing;
using Rag.Engine.MultiVectors;
using Rag.Engine.Slices;
using Rag.Engine.Sparse;
using Rag.Engine.Storage;

namespace Rag.Engine;

/// <summary>The reads of the facade: check, wait where asked to, read inside the epoch. Thread-safe.</summary>
internal sealed class StoreReads(StoreContext context, SliceCatalog catalog, PartitionProgress progress)
{
    private const int ScoredAtATime = 32;

    private readonly ChunkReader _reader = new(context.Contents);

    public ValueTask<SearchAnswer> SearchAsync(SliceId slice, SearchQuery query, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(query);
        CheckQuery(query);
        return query.MinStamp.IsNone || progress[slice.Partition] >= query.MinStamp
            ? RunAsync(slice, query, cancellationToken)
            : WaitAndRunAsync(slice, query, cancellationToken);
    }

    public bool TrySearch(SliceId slice, in VectorQuery query, IHitSink hits, out VectorAnswer answer)
    {
        CheckLimits(query.K, query.Ef, query.RecallTarget);
        return catalog.TryReadAwake(slice, (Query: query, context.Contents, Hits: hits),
            static (slice, state) => Run(slice, state.Query, state.Contents, state.Hits), out answer);
    }

    public ValueTask WaitForAsync(int partition, WriteStamp stamp, CancellationToken cancellationToken)
    {
        if (!context.Options.IsReplica && !stamp.IsNone && progress[partition] is var current && stamp.Epoch != current.Epoch && !current.IsNone)
        {
            throw new StoreException(StoreErrorKind.FailedPrecondition,
                $"The consistency token is of epoch {stamp.Epoch}; partition {partition} is in epoch {current.Epoch}. "
                + "Read without it, and keep the newer token of the answer.");
        }

        return stamp.IsNone ? ValueTask.CompletedTask : progress.WaitAsync(partition, stamp, cancellationToken);
    }

    public async ValueTask<IReadOnlyList<StoredChunk?>> GetAsync(
        SliceId slice, IReadOnlyList<ChunkKey> keys, ReturnFields fields, CancellationToken cancellationToken)
    {
        CheckKeys(keys);
        return await catalog.ReadAsync(slice, (keys, fields, _reader),
            static (slice, state) => SliceReads.Get(slice, state.keys, state.fields, state._reader), cancellationToken);
    }

    public async ValueTask<float?[]> ScoreAsync(
        SliceId slice, IReadOnlyList<ChunkKey> keys, MultiVector query, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(query);
        CheckKeys(keys);
        if (query.FindError() is { } error)
            throw StoreErrors.Invalid(error);
        var encoded = MultiVectorCodec.Encode(query);
        var scores = new float?[keys.Count];
        ChunkKey[] all = [.. keys];
        // Each chunk may be 128 KiB to read and score: whoever has gone away is noticed in between.
        for (var from = 0; from < all.Length; from += ScoredAtATime)
        {
            cancellationToken.ThrowIfCancellationRequested();
            await catalog.ReadAsync(slice, (all, from, encoded, scores, _reader), static (slice, state) =>
            {
                var range = state.from..Math.Min(state.all.Length, state.from + ScoredAtATime);
                SliceReads.Score(slice, state.all.AsSpan(range), state.encoded, state._reader, state.scores.AsSpan(range));
                return true;
            }, cancellationToken);
        }

        return scores;
    }

    public async ValueTask<IReadOnlyList<ChunkNeighbours>> GetNeighboursAsync(
        SliceId slice, IReadOnlyList<ChunkKey> keys, int count, ReturnFields fields,
        CancellationToken cancellationToken)
    {
        CheckKeys(keys);
        if (count is < 1 or > StoreLimits.MaxNeighbours)
            throw StoreErrors.Invalid($"{count} neighbours were asked for; ask for 1–{StoreLimits.MaxNeighbours}.");
        return await catalog.ReadAsync(slice, (keys, count, fields, _reader),
            static (slice, state) =>
                NeighbourReads.Read(slice, state.keys, state.count, state.fields, state._reader), cancellationToken);
    }

    public async ValueTask<IReadOnlyList<TextSnippet>> HighlightAsync(
        SliceId slice, string query, IReadOnlyList<string> texts, int length, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(texts);
        CheckText(query);
        if (length < 1)
            throw StoreErrors.Invalid($"The length of the snippet is {length}; ask for at least 1.");
        var analyzers = await catalog.ReadAsync(
            slice, 0, static (slice, _) => slice.Text.Analyzers, cancellationToken);
        var analyzer = analyzers.Rent();
        try
        {
            var highlighter = new Highlighter(analyzer, SparseQuery.FromText(analyzer, query));
            return [.. texts.Select(text => highlighter.Find(text, length))];
        }
        finally
        {
            analyzers.Return(analyzer);
        }
    }

    public ValueTask<ChunkPage> ListAsync(SliceId slice, ListRequest request, CancellationToken cancellationToken)
    {
        if (request.PageSize is < 1 or > StoreLimits.MaxPageSize)
            throw StoreErrors.Invalid($"The page size is {request.PageSize}; ask for 1–{StoreLimits.MaxPageSize}.");
        if (request.After is { } after && WriteValidator.FindKeyError(after) is { } error)
            throw StoreErrors.Invalid($"The cursor is not one of ours: {error}");
        CheckFilter(request.Filter);
        CheckDocument(request.DocumentId);
        return catalog.ReadAsync(slice, (request, _reader),
            static (slice, state) => SliceReads.List(slice, state.request, state._reader), cancellationToken);
    }

    public ValueTask<long> CountAsync(
        SliceId slice, FilterExpression? filter, string? documentId, CancellationToken cancellationToken)
    {
        CheckFilter(filter);
        CheckDocument(documentId);
        return catalog.ReadAsync(slice, (filter, documentId),
            static (slice, state) => SliceReads.Count(slice, state.filter, state.documentId), cancellationToken);
    }

    public ValueTask<FacetAnswer> CountFacetsAsync(
        SliceId slice, FilterExpression? filter, IReadOnlyList<FacetQuery> facets, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(facets);
        CheckFilter(filter);
        if (facets.Count is 0 or > StoreLimits.MaxFacets
            || facets.Any(facet => facet.Ranges.Count > StoreLimits.MaxFacetRanges))
        {
            throw StoreErrors.Invalid(
                $"Ask for 1–{StoreLimits.MaxFacets} facets of at most {StoreLimits.MaxFacetRanges} ranges.");
        }

        foreach (var range in facets.SelectMany(facet => facet.Ranges))
            CheckFilter(range);
        return catalog.ReadAsync(slice, (filter, facets),
            static (slice, state) => SliceFacets.Count(slice, state.filter, state.facets), cancellationToken);
    }

    public ValueTask<DocumentInfo?> FindDocumentAsync(
        SliceId slice, string documentId, CancellationToken cancellationToken)
    {
        if (WriteValidator.FindIdError(documentId, "document id") is { } error)
            throw StoreErrors.Invalid(error);
        return catalog.ReadAsync(slice, documentId, SliceReads.FindDocument, cancellationToken);
    }

    public async ValueTask<SliceStatistics> GetStatisticsAsync(SliceId slice, CancellationToken cancellationToken)
    {
        var entry = catalog.Get(slice);
        return await catalog.ReadAsync(slice, entry, static (slice, entry) => new SliceStatistics
        {
            Slice = slice.Id,
            Chunks = slice.PublishedChunks,
            Documents = slice.VisibleDocuments,
            MemoryBytes = entry.MemoryBytes,
            TextIndex = TermIndexStatistics.Of(slice.Text.Index),
            SparseIndex = TermIndexStatistics.Of(slice.Sparse),
            SnapshotBytes = entry.Snapshot.Bytes,
            ContentBytes = slice.ContentBytes,
            PendingGenerations = slice.StagedGenerations,
            Stamp = PackedStamp.Unpack(slice.Stamp),
            SettingsVersion = slice.Settings.Version,
            Spaces = StatisticsOf(slice),
        }, cancellationToken);
    }

    public ValueTask<UnrefinedPage> ReadUnrefinedAsync(
        SliceId slice, string space, VectorGap gap, int from, int most, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(from);
        if (most is < 1 or > StoreLimits.MaxPageSize)
            throw StoreErrors.Invalid($"The page size is {most}; ask for 1–{StoreLimits.MaxPageSize}.");
        return catalog.ReadAsync(slice, (space, gap, from, most, _reader),
            static (slice, state) => UnrefinedReads.Read(
                slice, state.space, state.gap, state.from, state.most, state._reader), cancellationToken);
    }

    public ValueTask<SparseStatistics> GetTextStatisticsAsync(
        SliceId slice, string text, CancellationToken cancellationToken)
    {
        CheckText(text);
        return catalog.ReadAsync(slice, text,
            static (slice, text) => slice.Text.Index.StatisticsOf(slice.Text.Query(text)), cancellationToken);
    }

    private static List<SpaceStatistics> StatisticsOf(Slice slice)
    {
        var spaces = new List<SpaceStatistics>();
        foreach (var space in slice.Spaces)
        {
            var full = space.VisibleCount(VectorEncoder.Full);
            var lookup = space.VisibleCount(VectorEncoder.Lookup);
            spaces.Add(
                new SpaceStatistics(space.Settings.Name, space.VisibleCount(VectorEncoder.Client) + full + lookup,
                full, lookup, space.Index.IsGraph, space.MemoryBytes, space.Index.MeasuredRecall(default, 10)));
        }

        return spaces;
    }

    private async ValueTask<SearchAnswer> WaitAndRunAsync(
        SliceId slice, SearchQuery query, CancellationToken cancellationToken)
    {
        await WaitForAsync(slice.Partition, query.MinStamp, cancellationToken);
        return await RunAsync(slice, query, cancellationToken);
    }

    private ValueTask<SearchAnswer> RunAsync(SliceId slice, SearchQuery query, CancellationToken cancellationToken) =>
        catalog.ReadAsync(slice, (query, _reader), static (slice, state) => Run(slice, state.query, state._reader),
            cancellationToken);

    private static SearchAnswer Run(Slice slice, SearchQuery query, ChunkReader reader)
    {
        if (slice.Settings.Version < query.MinSettingsVersion)
        {
            throw new StoreException(StoreErrorKind.Unavailable,
                $"Version {query.MinSettingsVersion} of the workspace's settings has not arrived here yet; try again.",
                retryAfter: TimeSpan.FromMilliseconds(100));
        }

        if (query.Sparse is { } vector)
            return SliceSearch.Run(slice, new SparseVectorSearch(slice, SparseQuery.FromVector(vector)), query, reader);
        if (query.Text is not null)
            return SliceSearch.Run(slice, ToTextSearch(slice.Text, query), query, reader);
        var space = slice.FindSpace(query.Space) ?? throw StoreErrors.NoSpace(query.Space);
        if (WriteValidator.FindVectorError(query.Vector.Span, space.Settings) is { } error)
            throw StoreErrors.Invalid(error);
        var effort = new SearchEffort(query.Ef, query.RecallTarget, query.Exact);
        return SliceSearch.Run(slice, new VectorSearch(space.Index, query.Vector, effort), query, reader);
    }

    private static VectorAnswer Run(Slice slice, in VectorQuery query, ChunkContents contents, IHitSink hits)
    {
        var space = slice.FindSpace(query.Space) ?? throw StoreErrors.NoSpace(query.Space);
        if (WriteValidator.FindVectorError(query.Vector.Span, space.Settings) is { } error)
            throw StoreErrors.Invalid(error);
        var effort = new SearchEffort(query.Ef, query.RecallTarget, query.Exact);
        return StoredHits.Find(slice, new VectorSearch(space.Index, query.Vector, effort), query, contents, hits);
    }

    private static TextSearch ToTextSearch(SliceText text, SearchQuery query)
    {
        var words = text.Query(query.Text!);
        if (query.TextStatistics is { } statistics && statistics.DocumentCounts.Count != words.Keys.Length)
            throw StoreErrors.Invalid(
                $"The statistics are of {statistics.DocumentCounts.Count} terms, the text has {words.Keys.Length}.");
        return new TextSearch(text.Index, words, query.TextStatistics, query.Bm25 ?? text.Index.Parameters);
    }

    private static void CheckQuery(SearchQuery query)
    {
        CheckLimits(query.K, query.Ef, query.RecallTarget);
        if (query.ChunksPerDocument is < 0 or > StoreLimits.MaxChunksPerDocument)
            throw StoreErrors.Invalid(
                $"{query.ChunksPerDocument} chunks a document were asked for; ask for 1–{StoreLimits.MaxChunksPerDocument}.");
        if (query.Excluded.Count > StoreLimits.MaxBatch)
            throw StoreErrors.Invalid($"{query.Excluded.Count} chunks are excluded; name at most {StoreLimits.MaxBatch}.");
        if (query.After is { } place && (place.Rank < 0 || float.IsNaN(place.Score)))
            throw StoreErrors.Invalid("The place to go on from is not one of ours; start over without one.");
        if (query.Bm25 is { } bm25 && !(bm25 is { K1: >= 0 and <= 100, B: >= 0 and <= 1 }))
            throw StoreErrors.Invalid($"k1 is {bm25.K1} and b is {bm25.B}; give 0–100 and 0–1.");
        if (query.ScoreThreshold is { } threshold && float.IsNaN(threshold))
            throw StoreErrors.Invalid("The score threshold is not a number; leave it out for none.");
        if (query.Space is null)
            throw StoreErrors.Invalid("The vector space is missing; '' is the default one.");
        if (query.Sparse is { } sparse && (sparse.IsEmpty ? "The sparse vector is empty; send at least one entry." : sparse.FindError()) is { } error)
            throw StoreErrors.Invalid(error);
        if (query.Text is not null)
            CheckText(query.Text);
        CheckFilter(query.Filter);
    }

    private static void CheckLimits(int k, int ef, float recallTarget)
    {
        if (k is < 1 or > StoreLimits.MaxK)
            throw StoreErrors.Invalid($"k is {k}; ask for 1–{StoreLimits.MaxK} hits, offset included.");
        if (ef is < 0 or > StoreLimits.MaxK)
            throw StoreErrors.Invalid($"ef is {ef}; give 1–{StoreLimits.MaxK}, or 0 to use the recall target.");
        if (recallTarget is not (>= 0 and <= 1))
            throw StoreErrors.Invalid($"The recall target is {recallTarget}; give a share above 0 and at most 1.");
    }

    private static void CheckKeys(IReadOnlyList<ChunkKey> keys)
    {
        ArgumentNullException.ThrowIfNull(keys);
        if (keys.Count is 0 or > StoreLimits.MaxBatch)
            throw StoreErrors.Invalid($"The call has {keys.Count} keys; send 1–{StoreLimits.MaxBatch}.");
        foreach (var key in keys)
        {
            if (WriteValidator.FindKeyError(key) is { } error)
                throw StoreErrors.Invalid(error);
        }
    }

    private static void CheckText(string text)
    {
        if (Encoding.UTF8.GetByteCount(text) > StoreLimits.MaxTextBytes)
            throw StoreErrors.Invalid($"The text is longer than {StoreLimits.MaxTextBytes} bytes of UTF-8; shorten it.");
    }

    private static void CheckFilter(FilterExpression? filter)
    {
        if (filter is not null && FilterValidator.FindError(filter) is { } error)
            throw StoreErrors.Invalid(error);
    }

    private static void CheckDocument(string? documentId)
    {
        if (documentId is not null && WriteValidator.FindIdError(documentId, "document id") is { } error)
            throw StoreErrors.Invalid(error);
    }
}
