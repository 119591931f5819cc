using Rag.Metadata;
using Rag.Router.Chunks;
using Rag.Router.Cursors;
using Rag.Router.Errors;
using Rag.Router.Shards;
using Rag.Router.Validation;
using Rag.Router.Workspaces;
using Rag.V1;

namespace Rag.Router.Ingest;

/// <summary>Shows and deletes documents. Thread-safe.</summary>
internal sealed class DocumentHandler(IMetadataStore metadata, WorkspaceDirectory directory, DeleteHandler deletes)
{
    public async Task<ListDocumentsResponse> ListAsync(ListDocumentsRequest request, CallScope scope)
    {
        TextRules.RequireWorkspace(request.Workspace);
        var violations = new Violations();
        var pageSize = PagingRules.PageSize(request.PageSize, violations);
        violations.ThrowIfAny();
        var workspace = await directory.GetAsync(request.Workspace, scope.Token);
        var query = PageToken.Query("documents", workspace.Uid);
        var after = PageToken.Read(request.PageToken, query)?.First ?? "";
        var records = await metadata.Documents.ListAsync(workspace.Uid, after, pageSize + 1, scope.Token);
        var response = new ListDocumentsResponse();
        for (var i = 0; i < records.Count && i < pageSize; i++)
            response.Documents.Add(IngestMapping.ToProto(records[i], workspace.Name));
        if (records.Count > pageSize)
            response.NextPageToken = PageToken.After(query, records[pageSize - 1].DocumentId);
        return response;
    }

    public async Task<GetDocumentResponse> GetAsync(GetDocumentRequest request, CallScope scope)
    {
        Check(request.Workspace, request.DocumentId);
        var workspace = await directory.GetAsync(request.Workspace, scope.Token);
        var record = await metadata.Documents.FindAsync(workspace.Uid, request.DocumentId, scope.Token)
            ?? throw NoDocument(request.DocumentId);
        return new GetDocumentResponse { Document = IngestMapping.ToProto(record, workspace.Name) };
    }

    public Task<DeleteDocumentResponse> DeleteAsync(DeleteDocumentRequest request, CallScope scope)
    {
        Check(request.Workspace, request.DocumentId);
        if (request.IfVersion < 0)
            throw Refuse.Invalid("if_version", "It is a version that a read answered with, or 0.");
        return directory.WithAsync(
            request.Workspace, (Handler: this, Request: request, Scope: scope),
            static (workspace, state, _) => state.Handler.DeleteAsync(workspace, state.Request, state.Scope),
            scope.Token);
    }

    private async Task<DeleteDocumentResponse> DeleteAsync(
        KnownWorkspace workspace, DeleteDocumentRequest request, CallScope scope)
    {
        var record = await metadata.Documents.FindAsync(workspace.Uid, request.DocumentId, scope.Token);
        if (request.IfVersion != 0 && record is null)
            throw NoDocument(request.DocumentId);
        if (request.IfVersion != 0 && record!.Version != request.IfVersion)
        {
            throw Refuse.Aborted(
                $"The document has version {record.Version}, not {request.IfVersion}: read it and decide again.");
        }

        // From here on no worker brings it back, and if this call stops, the same source is indexed again.
        var cancelled = await metadata.Jobs.CancelDocumentAsync(workspace.Uid, request.DocumentId, scope.Token);
        await metadata.Documents.InvalidateAsync(workspace.Uid, [request.DocumentId], scope.Token);
        var (deleted, stamps) = await deletes.DeleteDocumentAsync(workspace, request.DocumentId, scope);
        await metadata.Documents.DeleteAsync(workspace.Uid, request.DocumentId, 0, scope.Token);
        if (record is null && deleted == 0 && cancelled == 0)
            throw NoDocument(request.DocumentId);
        return new DeleteDocumentResponse
        {
            DeletedChunks = deleted,
            ConsistencyToken = ConsistencyToken.Of(workspace, stamps),
        };
    }

    private static void Check(string workspace, string documentId)
    {
        TextRules.RequireWorkspace(workspace);
        if (TextRules.IdFault(documentId) is { } fault)
            throw Refuse.Invalid("document_id", fault);
    }

    private static RefusedException NoDocument(string documentId) => Refuse.NotFound(
        $"There is no document '{MetadataRules.Shorten(documentId)}' in this workspace.");
}
