using Google.Protobuf;
using Rag.Internal.V1;
using Rag.Router.Cursors;
using Rag.Router.Errors;
using Rag.Router.Shards;
using Rag.Router.Validation;
using Rag.Router.Workspaces;
using Rag.V1;

namespace Rag.Router.Documents;

/// <summary>Documents from ingestors to the shards that they belong to. Thread-safe.</summary>
internal sealed class DocumentWriter(ShardCaller shards, WorkspaceDirectory directory, WorkspaceDefaults defaults)
{
    private const int UuidBytes = 16;

    private static readonly ShardOperation<WriteChunksRequest, StageChunksResponse> Stage = new(
        "StageChunks", OperationKind.Write,
        static (client, target, request, options) =>
        {
            var part = new StageChunksRequest
            {
                Target = target,
                DocumentId = request.DocumentId,
                Generation = request.Generation,
                MutationId = request.MutationId,
            };
            part.Chunks.AddRange(request.Chunks);
            return client.StageChunksAsync(part, options);
        })
    {
        PositionsOf = static response => [response.Stamp],
    };

    private static readonly ShardOperation<CommitGenerationRequest, CommitDocumentResponse> Commit = new(
        "CommitDocument", OperationKind.Write,
        static (client, target, request, options) => client.CommitDocumentAsync(new CommitDocumentRequest
        {
            Target = target,
            DocumentId = request.DocumentId,
            Generation = request.Generation,
            ExpectedChunks = request.ExpectedChunks,
            MutationId = request.MutationId,
        }, options))
    {
        PositionsOf = static response => response.Stamp is null ? [] : [response.Stamp],
    };

    private static readonly ShardOperation<AbortGenerationRequest, AbortDocumentResponse> Abort = new(
        "AbortDocument", OperationKind.Write,
        static (client, target, request, options) => client.AbortDocumentAsync(new AbortDocumentRequest
        {
            Target = target,
            DocumentId = request.DocumentId,
            Generation = request.Generation,
            MutationId = request.MutationId,
        }, options));

    public async Task<GetSettingsResponse> GetSettingsAsync(GetSettingsRequest request, CallScope scope)
    {
        TextRules.RequireWorkspace(request.Workspace);
        var uid = ReadUid(request.WorkspaceUid);
        var workspace = await FindAsync(request.Workspace, uid, scope);
        return new GetSettingsResponse
        {
            Settings = workspace.Settings,
            MaxTokens = await defaults.MaxTokensAsync(workspace.Settings, scope),
        };
    }

    public async Task<WriteChunksResponse> WriteAsync(WriteChunksRequest request, CallScope scope)
    {
        if (request.Chunks.Count is 0 or > Limits.Batch)
            throw Refuse.Invalid("chunks", $"There are {request.Chunks.Count}: send 1 to {Limits.Batch}.");
        await CallAsync(request.Workspace, request.WorkspaceUid, request.DocumentId, request.Generation,
            request.MutationId, request, Stage, scope);
        return new WriteChunksResponse();
    }

    public async Task<CommitGenerationResponse> CommitAsync(CommitGenerationRequest request, CallScope scope)
    {
        if (request.ExpectedChunks is < 0 or > int.MaxValue)
            throw Refuse.Invalid("expected_chunks", "It is the number of chunks written, 0 or more.");
        var (workspace, response) = await CallAsync(request.Workspace, request.WorkspaceUid, request.DocumentId,
            request.Generation, request.MutationId, request, Commit, scope);
        return new CommitGenerationResponse
        {
            Version = response.Version,
            ConsistencyToken = ConsistencyToken.Of(workspace, response.Stamp is null ? [] : [response.Stamp]),
        };
    }

    public async Task<AbortGenerationResponse> AbortAsync(AbortGenerationRequest request, CallScope scope)
    {
        await CallAsync(request.Workspace, request.WorkspaceUid, request.DocumentId, request.Generation,
            request.MutationId, request, Abort, scope);
        return new AbortGenerationResponse();
    }

    private Task<(KnownWorkspace Workspace, TResponse Response)> CallAsync<TRequest, TResponse>(
        string workspace, string workspaceUid, string documentId, ByteString generation, ByteString mutationId,
        TRequest request, ShardOperation<TRequest, TResponse> operation, CallScope scope)
    {
        TextRules.RequireWorkspace(workspace);
        var uid = ReadUid(workspaceUid);
        if (TextRules.IdFault(documentId) is { } fault)
            throw Refuse.Invalid("document_id", fault);
        if (generation.Length != UuidBytes)
            throw Refuse.Invalid("generation", "It has 16 bytes.");
        if (mutationId.Length != UuidBytes)
            throw Refuse.Invalid("mutation_id", "It has 16 bytes.");
        return CallAsync(workspace, uid, documentId, request, operation, scope);
    }

    private async Task<(KnownWorkspace Workspace, TResponse Response)> CallAsync<TRequest, TResponse>(
        string name, Guid uid, string documentId, TRequest request, ShardOperation<TRequest, TResponse> operation,
        CallScope scope)
    {
        var workspace = await FindAsync(name, uid, scope);
        try
        {
            var bucket = workspace.BucketOf(documentId);
            var (_, response) = await shards.CallBucketAsync(workspace, bucket, request, operation, scope);
            return (workspace, response);
        }
        catch (WorkspaceReplacedException)
        {
            throw Gone(name, uid);
        }
    }

    /// <summary>The cache may hold a former workspace of this name: the uid decides.</summary>
    private async Task<KnownWorkspace> FindAsync(string name, Guid uid, CallScope scope)
    {
        var workspace = await directory.GetAsync(name, scope.Token);
        if (workspace.Uid != uid)
            workspace = await directory.LoadAsync(name, scope.Token);
        return workspace.Uid == uid ? workspace : throw Gone(name, uid);
    }

    private static Guid ReadUid(string uid) => Guid.TryParseExact(uid, "D", out var parsed)
        ? parsed
        : throw Refuse.Invalid("workspace_uid", "It is a UUID in text.");

    private static RefusedException Gone(string name, Guid uid) => Refuse.NotFound(
        $"The workspace '{name}' with uid {uid} is gone: drop what was meant for it.");
}
