using Rag.Internal.V1;
using Rag.Metadata;
using Rag.Router.Cursors;
using Rag.Router.Errors;
using Rag.Router.Shards;
using Rag.Router.Validation;
using Rag.V1;

namespace Rag.Router.Workspaces;

/// <summary>Makes, shows, changes and deletes workspaces. Thread-safe.</summary>
internal sealed class WorkspaceHandler(
    IMetadataStore metadata, WorkspaceDirectory directory, WorkspaceDefaults defaults, WorkspaceLifecycle lifecycle,
    ShardCaller shards)
{
    private static readonly ShardOperation<GetStatisticsRequest, GetStatisticsResponse> GetStatistics = new(
        "GetStatistics", OperationKind.Read,
        static (client, target, _, options) =>
            client.GetStatisticsAsync(new GetStatisticsRequest { Target = target }, options));

    public async Task<CreateWorkspaceResponse> CreateAsync(CreateWorkspaceRequest request, CallScope scope)
    {
        var partitions = shards.Topology.Partitions;
        WorkspaceRules.CheckNew(request.Workspace, partitions);
        var requestId = RequestIdRules.Read(request.RequestId)?.ToString("D") ?? "";
        var settings = await defaults.CompleteAsync(request.Workspace, partitions, scope);
        WorkspaceRules.CheckSize(settings);
        var made = await metadata.Workspaces.InsertAsync(
            new NewWorkspace(Guid.CreateVersion7(), settings.Name, WorkspaceCodec.Encode(settings), requestId),
            scope.Token);
        var record = made.Record;
        if (made.Status == WorkspaceInsertStatus.NameTaken)
        {
            throw new RefusedException(RefusalKind.AlreadyExists, record.State == Metadata.WorkspaceState.Deleting
                ? $"Workspace '{record.Name}' is still being deleted: try again when it is gone."
                : $"There is a workspace '{record.Name}' already: use it, or choose another name.");
        }

        if (record.Name != settings.Name)
            throw Refuse.Invalid("request_id", $"It was used to make workspace '{record.Name}': use a new one.");
        // A repetition may find what the first try left unfinished.
        record = await lifecycle.FinishAsync(record, scope)
            ?? throw Refuse.Aborted($"Workspace '{record.Name}' is being deleted: use a new request_id.");
        return new CreateWorkspaceResponse { Workspace = WorkspaceCodec.Decode(record) };
    }

    public async Task<GetWorkspaceResponse> GetAsync(GetWorkspaceRequest request, CallScope scope)
    {
        TextRules.RequireWorkspace(request.Workspace);
        var record = await FindAsync(request.Workspace, scope);
        return new GetWorkspaceResponse { Workspace = WorkspaceCodec.Decode(record) };
    }

    public async Task<ListWorkspacesResponse> ListAsync(ListWorkspacesRequest request, CallScope scope)
    {
        var violations = new Violations();
        var pageSize = PagingRules.PageSize(request.PageSize, violations);
        violations.ThrowIfAny();
        var query = PageToken.Query("workspaces", Guid.Empty);
        var after = PageToken.Read(request.PageToken, query)?.First ?? "";
        var records = await metadata.Workspaces.ListAsync(after, pageSize + 1, scope.Token);
        var response = new ListWorkspacesResponse();
        for (var i = 0; i < records.Count && i < pageSize; i++)
            response.Workspaces.Add(WorkspaceCodec.Decode(records[i]));
        if (records.Count > pageSize)
            response.NextPageToken = PageToken.After(query, records[pageSize - 1].Name);
        return response;
    }

    public async Task<UpdateWorkspaceResponse> UpdateAsync(UpdateWorkspaceRequest request, CallScope scope)
    {
        if (request.Workspace is null)
            throw Refuse.Invalid("workspace", "Name the workspace and give its new settings.");
        TextRules.RequireWorkspace(request.Workspace.Name, "workspace.name");
        WorkspacePatch.Check(request);
        // Without if_version the change is made to whatever is there; a change by someone else in between is retried.
        const int attempts = 5;
        for (var attempt = 0; attempt < attempts; attempt++)
        {
            var record = await FindAsync(request.Workspace.Name, scope);
            if (record.State != Metadata.WorkspaceState.Active)
                throw Refuse.Precondition($"Workspace '{record.Name}' is {Describe(record.State)}: try again later.");
            CheckVersion(request.IfVersion, record);
            var settings = WorkspaceCodec.Decode(record);
            WorkspacePatch.Apply(request, settings);
            settings.Chunking = await defaults.CompleteChunkingAsync(settings, scope);
            if (settings.Embedding.Ingest == EmbeddingIngest.Unspecified)
                settings.Embedding.Ingest = await defaults.DefaultIngestAsync(settings, scope);
            WorkspaceRules.CheckSize(settings);
            var updated = await metadata.Workspaces.TryUpdateAsync(
                record.Uid, record.Version, WorkspaceCodec.Encode(settings), scope.Token);
            if (updated is null)
                continue;
            updated = await lifecycle.FinishAsync(updated, scope)
                ?? throw Refuse.NoWorkspace(request.Workspace.Name);
            return new UpdateWorkspaceResponse { Workspace = WorkspaceCodec.Decode(updated) };
        }

        throw Refuse.Aborted($"Workspace '{request.Workspace.Name}' is being changed by others: try again.");
    }

    public async Task<DeleteWorkspaceResponse> DeleteAsync(DeleteWorkspaceRequest request, CallScope scope)
    {
        TextRules.RequireWorkspace(request.Workspace);
        if (request.IfVersion < 0)
            throw Refuse.Invalid("if_version", "It is a version that a read answered with, or 0.");
        var record = await FindAsync(request.Workspace, scope);
        if (record.State != Metadata.WorkspaceState.Deleting)
        {
            CheckVersion(request.IfVersion, record);
            record = await metadata.Workspaces.TryBeginDeleteAsync(record.Uid, request.IfVersion, scope.Token)
                ?? throw Refuse.Aborted(
                    $"Workspace '{request.Workspace}' was changed meanwhile: read it and decide again.");
        }

        await lifecycle.FinishAsync(record, scope);
        return new DeleteWorkspaceResponse();
    }

    public Task<GetWorkspaceStatisticsResponse> GetStatisticsAsync(
        GetWorkspaceStatisticsRequest request, CallScope scope)
    {
        TextRules.RequireWorkspace(request.Workspace);
        return directory.WithAsync(
            request.Workspace, (Shards: shards, Scope: scope),
            static async (workspace, state, _) => Sum(await state.Shards.CallAllAsync(
                workspace, new GetStatisticsRequest(), GetStatistics, state.Scope)),
            scope.Token);
    }

    private static GetWorkspaceStatisticsResponse Sum(IReadOnlyList<ShardAnswer<GetStatisticsResponse>> answers)
    {
        var total = new GetWorkspaceStatisticsResponse
        {
            Refinement = new RefinementStatus(), TextIndex = new TermIndexStatistics(), SparseIndex = new TermIndexStatistics(),
        };
        var spaces = new SortedDictionary<string, SliceSpaceStatistics>(StringComparer.Ordinal);
        foreach (var (_, part) in answers)
        {
            total.Chunks += part.Chunks;
            total.Documents += part.Documents;
            total.TextBytes += part.TextBytes;
            total.MemoryBytes += part.MemoryBytes;
            total.TextIndexBytes += part.TextIndexBytes;
            Add(total.TextIndex, part.TextIndex);
            Add(total.SparseIndex, part.SparseIndex);
            total.DiskBytes += part.DiskBytes;
            Add(total.Refinement, part);
            foreach (var space in part.Spaces)
            {
                if (!spaces.TryGetValue(space.Name, out var sum))
                    spaces.Add(space.Name, sum = new SliceSpaceStatistics { Name = space.Name });
                sum.Vectors += space.Vectors;
                sum.Graph |= space.Graph;
                sum.FullVectors += space.FullVectors;
                sum.LookupVectors += space.LookupVectors;
                sum.MeasuredVectors += space.MeasuredVectors;
                sum.MeasuredRecallSum += space.MeasuredRecallSum;
            }
        }

        foreach (var sum in spaces.Values)
        {
            var made = sum.FullVectors + sum.LookupVectors;
            var statistics = new SpaceStatistics
            {
                Name = sum.Name,
                Vectors = sum.Vectors,
                Graph = sum.Graph,
                Refined = made == 0 ? 0 : (double)sum.FullVectors / made,
            };
            if (sum.Vectors > 0 && sum.MeasuredVectors == sum.Vectors)
                statistics.MeasuredRecall = sum.MeasuredRecallSum / sum.MeasuredVectors;
            total.Spaces.Add(statistics);
        }

        return total;
    }

    private static void Add(TermIndexStatistics total, TermIndexStatistics? part)
    {
        total.Bytes += part?.Bytes ?? 0;
        total.Postings += part?.Postings ?? 0;
        total.Chunks += part?.Chunks ?? 0;
    }

    // Shards work side by side: the last one ends it.
    private static void Add(RefinementStatus total, GetStatisticsResponse part)
    {
        total.PendingChunks += part.UnrefinedChunks;
        total.Rate += part.RefinementRate;
        if (part.RefinementTimeLeft is { } left
            && (total.TimeLeft is null || left.ToTimeSpan() > total.TimeLeft.ToTimeSpan()))
            total.TimeLeft = left;
    }

    private async Task<WorkspaceRecord> FindAsync(string name, CallScope scope) =>
        await metadata.Workspaces.FindByNameAsync(name, scope.Token) ?? throw Refuse.NoWorkspace(name);

    private static void CheckVersion(long ifVersion, WorkspaceRecord record)
    {
        if (ifVersion != 0 && ifVersion != record.Version)
        {
            throw Refuse.Aborted(
                $"Workspace '{record.Name}' has version {record.Version}, not {ifVersion}: read it and decide again.");
        }
    }

    private static string Describe(Metadata.WorkspaceState state) =>
        state == Metadata.WorkspaceState.Creating ? "still being made" : "being deleted";
}
