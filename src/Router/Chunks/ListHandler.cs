using Rag.Internal.V1;
using Rag.Router.Cursors;
using Rag.Router.Search;
using Rag.Router.Shards;
using Rag.Router.Validation;
using Rag.Router.Workspaces;
using Rag.V1;

namespace Rag.Router.Chunks;

/// <summary>
/// Lists chunks in bytewise order of (document id, chunk id): every shard gives its next page, the smallest keys of all
/// of them are the answer, and its last key is the cursor. So a chunk that is there throughout is listed exactly once,
/// whatever is written meanwhile. Thread-safe.
/// </summary>
internal sealed class ListHandler(ShardCaller shards, WorkspaceDirectory directory)
{
    private static readonly ShardOperation<ListPlan, ListResponse> List = new(
        "List", OperationKind.Read,
        static (client, target, plan, options) => client.ListAsync(plan.ToRequest(target), options))
    {
        WantedBy = static plan => plan.Stamps,
    };

    public Task<ListChunksResponse> ListAsync(ListChunksRequest request, CallScope scope)
    {
        TextRules.RequireWorkspace(request.Workspace);
        var violations = new Violations();
        var pageSize = PagingRules.PageSize(request.PageSize, violations);
        FilterRules.Check(request.Filter, "filter", violations);
        if (request.DocumentId.Length > 0 && TextRules.IdFault(request.DocumentId) is { } fault)
            violations.Add("document_id", fault);
        violations.ThrowIfAny();
        return directory.WithAsync(
            request.Workspace, (Handler: this, Request: request, PageSize: pageSize, Scope: scope),
            static (workspace, state, _) =>
                state.Handler.ListAsync(workspace, state.Request, state.PageSize, state.Scope),
            scope.Token);
    }

    private async Task<ListChunksResponse> ListAsync(
        KnownWorkspace workspace, ListChunksRequest request, int pageSize, CallScope scope)
    {
        var query = PageToken.Query("chunks", workspace.Uid, request.DocumentId, request.Filter);
        var after = PageToken.Read(request.PageToken, query);
        var plan = new ListPlan(
            request, pageSize, after, ConsistencyToken.Read(request.MinConsistencyToken, workspace));
        var (chunks, more) = request.DocumentId.Length > 0
            ? await ListBucketAsync(workspace, plan, scope)
            : await ListAllAsync(workspace, plan, scope);
        var answer = new ListChunksResponse();
        answer.Chunks.AddRange(chunks);
        if (more && answer.Chunks.Count > 0)
            answer.NextPageToken = PageToken.After(query, answer.Chunks[^1].DocumentId, answer.Chunks[^1].ChunkId);
        return answer;
    }

    private async Task<(IEnumerable<Chunk> Chunks, bool More)> ListBucketAsync(
        KnownWorkspace workspace, ListPlan plan, CallScope scope)
    {
        var bucket = workspace.BucketOf(plan.Request.DocumentId);
        var page = await shards.CallBucketAsync(workspace, bucket, plan, List, scope);
        return (page.Response.Chunks, page.Response.More);
    }

    private async Task<(IEnumerable<Chunk> Chunks, bool More)> ListAllAsync(
        KnownWorkspace workspace, ListPlan plan, CallScope scope)
    {
        var pages = await shards.CallAllAsync(workspace, plan, List, scope);
        if (pages.Count == 1)
            return (pages[0].Response.Chunks, pages[0].Response.More);
        var heads = new int[pages.Count];
        var merged = new List<Chunk>(plan.PageSize);
        while (merged.Count < plan.PageSize)
        {
            var best = -1;
            for (var i = 0; i < heads.Length; i++)
            {
                var page = pages[i].Response.Chunks;
                if (heads[i] < page.Count
                    && (best < 0 || IsBefore(page[heads[i]], pages[best].Response.Chunks[heads[best]])))
                    best = i;
            }

            if (best < 0)
                break;
            merged.Add(pages[best].Response.Chunks[heads[best]++]);
            // Behind the last chunk of a page that goes on there may be smaller keys than those of the others.
            if (heads[best] == pages[best].Response.Chunks.Count && pages[best].Response.More)
                return (merged, true);
        }

        var more = false;
        for (var i = 0; i < heads.Length; i++)
            more |= heads[i] < pages[i].Response.Chunks.Count || pages[i].Response.More;
        return (merged, more);
    }

    private static bool IsBefore(Chunk left, Chunk right) =>
        Utf8Order.Compare(left.DocumentId, left.ChunkId, right.DocumentId, right.ChunkId) < 0;

    private sealed record ListPlan(
        ListChunksRequest Request, int PageSize, (string Document, string Chunk)? After, Stamp[] Stamps)
    {
        public ListRequest ToRequest(Target target)
        {
            var request = new ListRequest
            {
                Target = target,
                PageSize = PageSize,
                DocumentId = Request.DocumentId,
                Filter = Request.Filter,
                ReturnFields = Request.ReturnFields ?? ReturnDefaults.Hits,
            };
            if (After is { } after)
                request.After = new V1.ChunkKey { DocumentId = after.Document, ChunkId = after.Chunk };
            MinStamps.AddTo(request.MinStamps, Stamps, target);
            return request;
        }
    }
}
