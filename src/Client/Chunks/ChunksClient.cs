using System.Runtime.CompilerServices;
using Grpc.Core;
using Rag.V1;

namespace Rag.Client;

/// <summary>Writes and reads chunks of one workspace. Thread-safe.</summary>
public sealed class ChunksClient
{
    private readonly ChunkService.ChunkServiceClient _service;
    private readonly CallRunner _calls;
    private readonly string _workspace;

    internal ChunksClient(string workspace, CallInvoker invoker, CallRunner calls)
    {
        _workspace = workspace;
        _service = new ChunkService.ChunkServiceClient(invoker);
        _calls = calls;
    }

    /// <summary>Writes up to 1,000 chunks; each succeeds or fails by itself. What is acknowledged is on disk.</summary>
    /// <param name="encoder">For texts without a vector. Default: as the workspace says.</param>
    public Task<UpsertChunksResponse> UpsertAsync(
        IEnumerable<ChunkWrite> chunks, Encoder encoder = Encoder.Unspecified,
        CancellationToken cancellationToken = default)
    {
        var request = new UpsertChunksRequest
        {
            Workspace = _workspace,
            Chunks = { chunks },
            Encoder = encoder,
            RequestId = RequestId.New(),
        };
        return _calls.RunAsync(options => _service.UpsertChunksAsync(request, options), cancellationToken);
    }

    /// <inheritdoc cref="UpsertAsync(IEnumerable{ChunkWrite}, Encoder, CancellationToken)"/>
    public Task<UpsertChunksResponse> UpsertAsync(IEnumerable<Chunk> chunks, CancellationToken cancellationToken = default) =>
        UpsertAsync(chunks.Select(chunk => new ChunkWrite { Chunk = chunk }), cancellationToken: cancellationToken);

    /// <summary>
    /// Writes any number of chunks in batches, several under way at a time and each repeated if need be. A key that
    /// comes twice may end with either value.
    /// </summary>
    /// <param name="parallelism">Batches under way. Default 4.</param>
    /// <param name="encoder">For texts without a vector. Default: as the workspace says.</param>
    public async Task<BulkOutcome> UpsertManyAsync(
        IAsyncEnumerable<Chunk> chunks, int parallelism = 4, Encoder encoder = Encoder.Unspecified,
        CancellationToken cancellationToken = default)
    {
        var outcome = new BulkOutcome();
        await Parallel.ForEachAsync(
            ChunkBatcher.SplitAsync(chunks, cancellationToken),
            new ParallelOptions { MaxDegreeOfParallelism = parallelism, CancellationToken = cancellationToken },
            async (batch, stop) => outcome.Add(await UpsertAsync(batch, encoder, stop)));
        return outcome;
    }

    /// <summary>Deletes chunks by key, at most 1,000. Returns how many there were.</summary>
    public Task<DeleteChunksResponse> DeleteAsync(
        IEnumerable<ChunkKey> keys, CancellationToken cancellationToken = default) =>
        DeleteAsync(new DeleteChunksRequest { Keys = new ChunkKeys { Keys = { keys } } }, cancellationToken);

    /// <summary>Deletes all chunks of documents, at most 1,000.</summary>
    public Task<DeleteChunksResponse> DeleteDocumentsAsync(
        IEnumerable<string> documentIds, CancellationToken cancellationToken = default) =>
        DeleteAsync(
            new DeleteChunksRequest { Documents = new DocumentIds { DocumentIds_ = { documentIds } } }, cancellationToken);

    /// <summary>Deletes everything that matches at the moment of the delete.</summary>
    public Task<DeleteChunksResponse> DeleteAsync(Filter filter, CancellationToken cancellationToken = default) =>
        DeleteAsync(new DeleteChunksRequest { Filter = filter }, cancellationToken);

    /// <summary>Reads up to 1,000 chunks by key.</summary>
    public Task<GetChunksResponse> GetAsync(
        IEnumerable<ChunkKey> keys, ReturnFields? fields = null, string minConsistencyToken = "",
        CancellationToken cancellationToken = default)
    {
        var request = new GetChunksRequest
        {
            Workspace = _workspace,
            Keys = { keys },
            ReturnFields = fields,
            MinConsistencyToken = minConsistencyToken,
        };
        return _calls.RunAsync(options => _service.GetChunksAsync(request, options), cancellationToken);
    }

    /// <summary>All chunks in bytewise order of document id and chunk id, a page at a time.</summary>
    /// <param name="documentId">Only this document's; empty: all.</param>
    public async IAsyncEnumerable<Chunk> ListAsync(
        string documentId = "", Filter? filter = null, ReturnFields? fields = null, int pageSize = 100,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var request = new ListChunksRequest
        {
            Workspace = _workspace,
            DocumentId = documentId,
            Filter = filter,
            PageSize = pageSize,
            ReturnFields = fields,
        };
        do
        {
            var page = await _calls.RunAsync(options => _service.ListChunksAsync(request, options), cancellationToken);
            foreach (var chunk in page.Chunks)
                yield return chunk;
            // A new message: what was sent is not changed any more.
            request = new ListChunksRequest(request) { PageToken = page.NextPageToken };
        }
        while (request.PageToken.Length > 0);
    }

    public async Task<long> CountAsync(
        string documentId = "", Filter? filter = null, CancellationToken cancellationToken = default)
    {
        var request = new CountChunksRequest { Workspace = _workspace, DocumentId = documentId, Filter = filter };
        var response = await _calls.RunAsync(options => _service.CountChunksAsync(request, options), cancellationToken);
        return response.Count;
    }

    private Task<DeleteChunksResponse> DeleteAsync(DeleteChunksRequest request, CancellationToken cancellationToken)
    {
        request.Workspace = _workspace;
        request.RequestId = RequestId.New();
        return _calls.RunAsync(options => _service.DeleteChunksAsync(request, options), cancellationToken);
    }
}
