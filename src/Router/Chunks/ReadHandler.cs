using Rag.Internal.V1;
using Rag.Router.Cursors;
using Rag.Router.Search;
using Rag.Router.Shards;
using Rag.Router.Validation;
using Rag.Router.Workspaces;
using Rag.V1;

namespace Rag.Router.Chunks;

/// <summary>Reads chunks by key and counts them. Thread-safe.</summary>
internal sealed class ReadHandler(ShardCaller shards, WorkspaceDirectory directory, RouterOptions options)
{
    private static readonly ShardOperation<GetPart, GetResponse> Get = new(
        "Get", OperationKind.ShortRead,
        static (client, target, part, callOptions) => client.GetAsync(part.ToRequest(target), callOptions))
    {
        WantedBy = static part => part.Stamps,
    };

    private static readonly ShardOperation<CountPlan, CountResponse> Count = new(
        "Count", OperationKind.Read,
        static (client, target, plan, callOptions) => client.CountAsync(plan.ToRequest(target), callOptions))
    {
        WantedBy = static plan => plan.Stamps,
    };

    public Task<GetChunksResponse> GetAsync(GetChunksRequest request, CallScope scope)
    {
        TextRules.RequireWorkspace(request.Workspace);
        var violations = new Violations();
        KeyRules.Check(request.Keys, "keys", violations);
        violations.ThrowIfAny();
        return directory.WithAsync(
            request.Workspace, (Handler: this, Request: request, Scope: scope),
            static (workspace, state, _) => state.Handler.GetAsync(workspace, state.Request, state.Scope),
            scope.Token);
    }

    public Task<CountChunksResponse> CountAsync(CountChunksRequest request, CallScope scope)
    {
        TextRules.RequireWorkspace(request.Workspace);
        var violations = new Violations();
        FilterRules.Check(request.Filter, "filter", violations);
        if (request.DocumentId.Length > 0 && TextRules.IdFault(request.DocumentId) is { } fault)
            violations.Add("document_id", fault);
        violations.ThrowIfAny();
        return directory.WithAsync(
            request.Workspace, (Handler: this, Request: request, Scope: scope),
            static (workspace, state, _) => state.Handler.CountAsync(workspace, state.Request, state.Scope),
            scope.Token);
    }

    private async Task<GetChunksResponse> GetAsync(KnownWorkspace workspace, GetChunksRequest request, CallScope scope)
    {
        var stamps = ConsistencyToken.Read(request.MinConsistencyToken, workspace);
        var fields = request.ReturnFields ?? ReturnDefaults.Hits;
        var batches = BucketBatches.Of(workspace, [.. request.Keys.Select(ChunkPlacement.DocumentOf)]);
        var found = new Dictionary<(string, string), Chunk>(request.Keys.Count);
        var limits = new ParallelOptions { MaxDegreeOfParallelism = options.ScatterParallelism };
        await Parallel.ForEachAsync(batches, limits, async (batch, _) =>
        {
            var part = new GetPart([.. batch.Items.Select(item => request.Keys[item])], fields, stamps);
            var response = await shards.CallBucketAsync(workspace, batch.Bucket, part, Get, scope);
            lock (found)
            {
                foreach (var chunk in response.Response.Chunks)
                    found[(chunk.DocumentId, chunk.ChunkId)] = chunk;
            }
        });
        var answer = new GetChunksResponse();
        foreach (var key in request.Keys)
        {
            if (found.TryGetValue((ChunkPlacement.DocumentOf(key), key.ChunkId), out var chunk))
                answer.Chunks.Add(chunk);
            else
                answer.Missing.Add(key);
        }

        return answer;
    }

    private async Task<CountChunksResponse> CountAsync(
        KnownWorkspace workspace, CountChunksRequest request, CallScope scope)
    {
        var plan = new CountPlan(request, ConsistencyToken.Read(request.MinConsistencyToken, workspace));
        if (request.DocumentId.Length > 0)
        {
            var bucket = workspace.BucketOf(request.DocumentId);
            var only = await shards.CallBucketAsync(workspace, bucket, plan, Count, scope);
            return new CountChunksResponse { Count = only.Response.Count };
        }

        var answer = new CountChunksResponse();
        foreach (var (_, response) in await shards.CallAllAsync(workspace, plan, Count, scope))
            answer.Count += response.Count;
        return answer;
    }

    private sealed record GetPart(List<V1.ChunkKey> Keys, ReturnFields Fields, Stamp[] Stamps)
    {
        public GetRequest ToRequest(Target target)
        {
            var request = new GetRequest { Target = target, ReturnFields = Fields };
            request.Keys.AddRange(Keys);
            MinStamps.AddTo(request.MinStamps, Stamps, target);
            return request;
        }
    }

    private sealed record CountPlan(CountChunksRequest Request, Stamp[] Stamps)
    {
        public CountRequest ToRequest(Target target)
        {
            var request = new CountRequest
            {
                Target = target,
                DocumentId = Request.DocumentId,
                Filter = Request.Filter,
            };
            MinStamps.AddTo(request.MinStamps, Stamps, target);
            return request;
        }
    }
}
