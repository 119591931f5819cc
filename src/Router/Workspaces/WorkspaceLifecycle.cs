using Rag.Internal.V1;
using Rag.Metadata;
using Rag.Router.Chunks;
using Rag.Router.Errors;
using Rag.Router.Shards;
using Rag.V1;

namespace Rag.Router.Workspaces;

/// <summary>
/// Takes a workspace's record to the end of what was begun with it. Every step can be repeated, so whoever comes later
/// (the same call again, another router, the sweeper) goes on where it stopped. Thread-safe.
/// <code>
/// CREATING v1   ─► settings to every partition ─► ACTIVE, applied v1
/// ACTIVE v > applied ─► settings to every partition ─► applied v
/// DELETING      ─► DELETING to every partition, which erases ─► documents, jobs, bytes of files ─► record gone
/// </code>
/// </summary>
internal sealed class WorkspaceLifecycle(
    IMetadataStore metadata, WorkspaceDirectory directory, ShardCaller shards)
{
    private const int ErasePage = 1000;

    private static readonly ShardOperation<Workspace, PutSettingsResponse> PutSettings = new(
        "PutSettings", OperationKind.Write,
        static (client, target, settings, options) =>
        {
            var request = new PutSettingsRequest
            {
                Settings = settings,
                MutationId = MutationIds.New(),
                TopologyVersion = target.TopologyVersion,
            };
            request.Partitions.AddRange(target.Partitions);
            return client.PutSettingsAsync(request, options);
        })
    {
        PositionsOf = static response => response.Stamps,
    };

    /// <summary>Finishes whatever the record says. Null when the workspace is gone.</summary>
    public async Task<WorkspaceRecord?> FinishAsync(WorkspaceRecord record, CallScope scope)
    {
        if (record.State == Metadata.WorkspaceState.Deleting)
        {
            await EraseAsync(record, scope);
            return null;
        }

        if (record.IsApplied)
            return record;
        await RecordEverywhereAsync(record, V1.WorkspaceState.Active, scope);
        var applied = await metadata.Workspaces.MarkAppliedAsync(record.Uid, record.Version, scope.Token);
        if (applied?.State == Metadata.WorkspaceState.Active)
            directory.Put(applied);
        return applied;
    }

    private async Task EraseAsync(WorkspaceRecord record, CallScope scope)
    {
        directory.Forget(record.Name);
        await RecordEverywhereAsync(record, V1.WorkspaceState.Deleting, scope);
        await EraseBlobsAsync(record.Uid, scope.Token);
        await metadata.Workspaces.EraseAsync(record.Uid, scope.Token);
        directory.Forget(record.Name);
    }

    private async Task RecordEverywhereAsync(WorkspaceRecord record, V1.WorkspaceState state, CallScope scope)
    {
        var settings = WorkspaceCodec.Decode(record);
        settings.State = state;
        var workspace = new KnownWorkspace(record, settings, record.Version);
        try
        {
            await shards.CallAllAsync(workspace, settings, PutSettings, scope);
        }
        catch (WorkspaceReplacedException)
        {
            // Only reads by name find that out, and they go to the store first.
            throw Refuse.Aborted($"Workspace '{record.Name}' was changed meanwhile: try again.");
        }
    }

    /// <summary>The bytes of jobs that are over are gone already, unless a process died at the wrong moment.</summary>
    private async Task EraseBlobsAsync(Guid uid, CancellationToken cancellationToken)
    {
        Metadata.JobState[] states = [Metadata.JobState.Cancelled, Metadata.JobState.Failed];
        var before = 0L;
        while (true)
        {
            var jobs = await metadata.Jobs.ListAsync(uid, states, before, ErasePage, cancellationToken);
            foreach (var job in jobs)
                await metadata.Blobs.DeleteAsync(job.JobId, cancellationToken);
            if (jobs.Count < ErasePage)
                return;
            before = jobs[^1].Number;
        }
    }
}
