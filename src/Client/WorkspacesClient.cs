using System.Runtime.CompilerServices;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Rag.V1;

namespace Rag.Client;

/// <summary>Makes, changes and removes workspaces. Thread-safe.</summary>
public sealed class WorkspacesClient
{
    private readonly WorkspaceService.WorkspaceServiceClient _service;
    private readonly CallRunner _calls;

    internal WorkspacesClient(CallInvoker invoker, CallRunner calls)
    {
        _service = new WorkspaceService.WorkspaceServiceClient(invoker);
        _calls = calls;
    }

    /// <summary>Makes a workspace, which can be used when this returns. What is not set gets the server's default.</summary>
    /// <exception cref="RagException">AlreadyExists: the name is taken.</exception>
    public async Task<Workspace> CreateAsync(Workspace workspace, CancellationToken cancellationToken = default)
    {
        var request = new CreateWorkspaceRequest { Workspace = workspace, RequestId = RequestId.New() };
        var response = await _calls.RunAsync(
            options => _service.CreateWorkspaceAsync(request, options), cancellationToken);
        return response.Workspace;
    }

    /// <summary>The workspace of this name, or null if there is none.</summary>
    public async Task<Workspace?> FindAsync(string name, CancellationToken cancellationToken = default)
    {
        try
        {
            return await GetAsync(name, cancellationToken);
        }
        catch (RagException missing) when (missing.StatusCode == StatusCode.NotFound)
        {
            return null;
        }
    }

    /// <exception cref="RagException">NotFound: there is none of this name.</exception>
    public async Task<Workspace> GetAsync(string name, CancellationToken cancellationToken = default)
    {
        var request = new GetWorkspaceRequest { Workspace = name };
        var response = await _calls.RunAsync(options => _service.GetWorkspaceAsync(request, options), cancellationToken);
        return response.Workspace;
    }

    /// <summary>All workspaces in bytewise order of their names, a page at a time.</summary>
    public async IAsyncEnumerable<Workspace> ListAsync(
        int pageSize = 100, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var request = new ListWorkspacesRequest { PageSize = pageSize };
        do
        {
            var page = await _calls.RunAsync(
                options => _service.ListWorkspacesAsync(request, options), cancellationToken);
            foreach (var workspace in page.Workspaces)
                yield return workspace;
            // A new message: what was sent is not changed any more.
            request = new ListWorkspacesRequest(request) { PageToken = page.NextPageToken };
        }
        while (request.PageToken.Length > 0);
    }

    /// <summary>Changes settings of the workspace named by <c>workspace.name</c>.</summary>
    /// <param name="paths">Which: <c>embedding.ingest</c>, <c>chunking</c> or a field of it, <c>labels</c>.</param>
    /// <param name="ifVersion">Change only this version; 0: whatever there is.</param>
    /// <exception cref="RagException">Aborted: it has another version by now; read it again.</exception>
    public async Task<Workspace> UpdateAsync(
        Workspace workspace, IEnumerable<string> paths, long ifVersion = 0, CancellationToken cancellationToken = default)
    {
        var request = new UpdateWorkspaceRequest
        {
            Workspace = workspace,
            UpdateMask = new FieldMask { Paths = { paths } },
            IfVersion = ifVersion,
        };
        var response = await _calls.RunAsync(
            options => _service.UpdateWorkspaceAsync(request, options), cancellationToken);
        return response.Workspace;
    }

    /// <summary>Erases a workspace and everything in it.</summary>
    /// <param name="ifVersion">Delete only this version; 0: whatever there is.</param>
    public async Task DeleteAsync(string name, long ifVersion = 0, CancellationToken cancellationToken = default)
    {
        var request = new DeleteWorkspaceRequest { Workspace = name, IfVersion = ifVersion };
        await _calls.RunAsync(options => _service.DeleteWorkspaceAsync(request, options), cancellationToken);
    }

    /// <summary>Begins to move a space to another model, in the background; searches use the former one meanwhile.</summary>
    /// <param name="name">The workspace.</param>
    /// <param name="model">A model of the server; '' is its default one.</param>
    /// <param name="space">The space; '' is the default one.</param>
    public async Task<Workspace> ChangeModelAsync(
        string name, string model, string space = "", CancellationToken cancellationToken = default)
    {
        var request = new ChangeModelRequest { Workspace = name, Model = model, Space = space };
        return (await _calls.RunAsync(options => _service.ChangeModelAsync(request, options), cancellationToken)).Workspace;
    }

    /// <summary>How far that is, and how alike the two models rank.</summary>
    /// <param name="name">The workspace.</param>
    /// <param name="samples">Chunks to compare them by, 1 to 100; 0: 20, −1: none.</param>
    /// <exception cref="RagException">NotFound: nothing is on its way.</exception>
    public Task<GetModelChangeResponse> GetModelChangeAsync(
        string name, int samples = 0, CancellationToken cancellationToken = default)
    {
        var request = new GetModelChangeRequest { Workspace = name, Samples = samples };
        return _calls.RunAsync(options => _service.GetModelChangeAsync(request, options), cancellationToken);
    }

    /// <summary>Lets searches use the new model from now on, or drops what was made with it.</summary>
    /// <param name="force">Cut over although chunks are missing.</param>
    /// <exception cref="RagException">FailedPrecondition: it is not complete, or nothing is on its way.</exception>
    public async Task<Workspace> FinishModelChangeAsync(
        string name, ModelChangeAction action, bool force = false, CancellationToken cancellationToken = default)
    {
        var request = new FinishModelChangeRequest { Workspace = name, Action = action, Force = force };
        return (await _calls.RunAsync(options => _service.FinishModelChangeAsync(request, options), cancellationToken))
            .Workspace;
    }

    /// <summary>What a workspace holds and what that costs.</summary>
    public Task<GetWorkspaceStatisticsResponse> GetStatisticsAsync(
        string name, CancellationToken cancellationToken = default)
    {
        var request = new GetWorkspaceStatisticsRequest { Workspace = name };
        return _calls.RunAsync(options => _service.GetWorkspaceStatisticsAsync(request, options), cancellationToken);
    }
}
