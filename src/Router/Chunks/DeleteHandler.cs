using System.Collections.Immutable;
using Google.Protobuf;
using Google.Protobuf.Collections;
using Rag.Internal.V1;
using Rag.Metadata;
using Rag.Router.Cursors;
using Rag.Router.Errors;
using Rag.Router.Shards;
using Rag.Router.Validation;
using Rag.Router.Workspaces;
using Rag.V1;

namespace Rag.Router.Chunks;

/// <summary>Deletes chunks by key, by document or by filter. Thread-safe.</summary>
internal sealed class DeleteHandler(
    ShardCaller shards, WorkspaceDirectory directory, IMetadataStore metadata, MutationIds mutations,
    RouterOptions options)
{
    private static readonly ShardOperation<DeletePart, DeleteResponse> Delete = new(
        "Delete", OperationKind.Write,
        static (client, target, part, callOptions) => client.DeleteAsync(part.ToRequest(target), callOptions))
    {
        PositionsOf = static response => response.Stamps,
    };

    public Task<DeleteChunksResponse> DeleteAsync(DeleteChunksRequest request, CallScope scope)
    {
        TextRules.RequireWorkspace(request.Workspace);
        Check(request);
        var requestId = RequestIdRules.Read(request.RequestId);
        return directory.WithAsync(
            request.Workspace, (Handler: this, Request: request, RequestId: requestId, Scope: scope),
            static (workspace, state, _) =>
                state.Handler.DeleteAsync(workspace, state.Request, state.RequestId, state.Scope),
            scope.Token);
    }

    /// <summary>Deletes all chunks of a document that is known to the metadata store.</summary>
    public async Task<(long Deleted, List<Stamp> Stamps)> DeleteDocumentAsync(
        KnownWorkspace workspace, string documentId, CallScope scope)
    {
        var part = new DeletePart(workspace.BucketOf(documentId), MutationIds.New()) { Documents = [documentId] };
        var (_, response) = await shards.CallBucketAsync(workspace, part.Bucket, part, Delete, scope);
        return (response.DeletedCount, [.. response.Stamps]);
    }

    private async Task<DeleteChunksResponse> DeleteAsync(
        KnownWorkspace workspace, DeleteChunksRequest request, Guid? requestId, CallScope scope)
    {
        await InvalidateDocumentsAsync(workspace, request, scope);
        var stamps = new List<Stamp>();
        var deleted = 0L;
        var limits = new ParallelOptions
        {
            MaxDegreeOfParallelism = options.ScatterParallelism,
            CancellationToken = scope.Token,
        };
        await Parallel.ForEachAsync(PartsOf(workspace, request, requestId), limits, async (part, _) =>
        {
            var (_, response) = await shards.CallBucketAsync(workspace, part.Bucket, part, Delete, scope);
            lock (stamps)
            {
                deleted += response.DeletedCount;
                stamps.AddRange(response.Stamps);
            }
        });
        if (request.SelectionCase == DeleteChunksRequest.SelectionOneofCase.Documents)
        {
            foreach (var document in request.Documents.DocumentIds_)
                await metadata.Documents.DeleteAsync(workspace.Uid, document, 0, scope.Token);
        }

        return new DeleteChunksResponse
        {
            DeletedCount = deleted,
            ConsistencyToken = ConsistencyToken.Of(workspace, stamps),
        };
    }

    /// <summary>
    /// Before anything goes: a document that loses chunks here is no longer what its file made, so the same file
    /// submitted again must be indexed again, and also if this call stops half-way.
    /// </summary>
    private Task InvalidateDocumentsAsync(KnownWorkspace workspace, DeleteChunksRequest request, CallScope scope)
    {
        ImmutableHashSet<string>? documents = request.SelectionCase switch
        {
            DeleteChunksRequest.SelectionOneofCase.Documents => [.. request.Documents.DocumentIds_],
            DeleteChunksRequest.SelectionOneofCase.Keys => [.. request.Keys.Keys.Select(ChunkPlacement.DocumentOf)],
            _ => null,
        };
        return metadata.Documents.InvalidateAsync(workspace.Uid, documents, scope.Token);
    }

    private List<DeletePart> PartsOf(KnownWorkspace workspace, DeleteChunksRequest request, Guid? requestId)
    {
        switch (request.SelectionCase)
        {
            case DeleteChunksRequest.SelectionOneofCase.Keys:
                var keys = request.Keys.Keys;
                return BucketBatches.Of(workspace, [.. keys.Select(ChunkPlacement.DocumentOf)]).ConvertAll(
                    batch => PartOf(batch.Bucket) with { Keys = [.. batch.Items.Select(item => keys[item])] });
            case DeleteChunksRequest.SelectionOneofCase.Documents:
                var documents = request.Documents.DocumentIds_;
                return BucketBatches.Of(workspace, documents).ConvertAll(batch =>
                    PartOf(batch.Bucket) with { Documents = [.. batch.Items.Select(item => documents[item])] });
            default:
                return [.. Enumerable.Range(0, workspace.Partitions.Length).Select(
                    bucket => PartOf(bucket) with { Filter = request.Filter })];
        }

        DeletePart PartOf(int bucket) => new(bucket, mutations.Derive(
            requestId, MutationKind.Delete, workspace.Uid, workspace.Partitions[bucket]));
    }

    private static void Check(DeleteChunksRequest request)
    {
        var violations = new Violations();
        switch (request.SelectionCase)
        {
            case DeleteChunksRequest.SelectionOneofCase.Keys:
                KeyRules.Check(request.Keys.Keys, "keys.keys", violations);
                break;
            case DeleteChunksRequest.SelectionOneofCase.Documents:
                CheckDocuments(request.Documents.DocumentIds_, violations);
                break;
            case DeleteChunksRequest.SelectionOneofCase.Filter:
                FilterRules.Check(request.Filter, "filter", violations, forDelete: true);
                break;
            default:
                violations.Add("selection", "Give keys, documents or a filter.");
                break;
        }

        violations.ThrowIfAny();
    }

    private static void CheckDocuments(RepeatedField<string> documents, Violations violations)
    {
        if (documents.Count is 0 or > Limits.Batch)
            violations.Add("documents.document_ids", $"There are {documents.Count}: send 1 to {Limits.Batch}.");
        for (var i = 0; i < documents.Count; i++)
        {
            if (TextRules.IdFault(documents[i]) is { } fault)
                violations.Add($"documents.document_ids[{i}]", fault);
        }
    }

    /// <summary>What one bucket is asked to delete.</summary>
    private sealed record DeletePart(int Bucket, ByteString MutationId)
    {
        public List<V1.ChunkKey>? Keys { get; init; }

        public List<string>? Documents { get; init; }

        public Filter? Filter { get; init; }

        public DeleteRequest ToRequest(Target target)
        {
            var request = new DeleteRequest { Target = target, MutationId = MutationId, Filter = Filter };
            request.Keys.AddRange(Keys ?? []);
            request.DocumentIds.AddRange(Documents ?? []);
            return request;
        }
    }
}
