using Grpc.Core;
using Rag.Router.Access;
using Rag.Router.Workspaces;
using Rag.V1;

namespace Rag.Router.Services;

/// <summary>rag.v1.WorkspaceService: every call goes through the pipeline to its handler.</summary>
internal sealed class WorkspaceRpc(
    CallPipeline pipeline, WorkspaceHandler handler, ModelChangeHandler models)
    : WorkspaceService.WorkspaceServiceBase
{
    public override Task<CreateWorkspaceResponse> CreateWorkspace(
        CreateWorkspaceRequest request, ServerCallContext context) =>
        pipeline.RunAsync(request, context, request.Workspace?.Name ?? "", WorkspaceAction.CreateWorkspace, handler,
            static (handler, request, scope) => handler.CreateAsync(request, scope));

    public override Task<GetWorkspaceResponse> GetWorkspace(GetWorkspaceRequest request, ServerCallContext context) =>
        pipeline.RunAsync(request, context, request.Workspace, WorkspaceAction.ReadWorkspace, handler,
            static (handler, request, scope) => handler.GetAsync(request, scope));

    public override Task<ListWorkspacesResponse> ListWorkspaces(
        ListWorkspacesRequest request, ServerCallContext context) =>
        pipeline.RunAsync(request, context, "", WorkspaceAction.UseServer, handler,
            static (handler, request, scope) => handler.ListAsync(request, scope));

    public override Task<UpdateWorkspaceResponse> UpdateWorkspace(
        UpdateWorkspaceRequest request, ServerCallContext context) =>
        pipeline.RunAsync(request, context, request.Workspace?.Name ?? "", WorkspaceAction.ChangeWorkspace, handler,
            static (handler, request, scope) => handler.UpdateAsync(request, scope));

    public override Task<DeleteWorkspaceResponse> DeleteWorkspace(
        DeleteWorkspaceRequest request, ServerCallContext context) =>
        pipeline.RunAsync(request, context, request.Workspace, WorkspaceAction.DeleteWorkspace, handler,
            static (handler, request, scope) => handler.DeleteAsync(request, scope));

    public override Task<GetWorkspaceStatisticsResponse> GetWorkspaceStatistics(
        GetWorkspaceStatisticsRequest request, ServerCallContext context) =>
        pipeline.RunAsync(request, context, request.Workspace, WorkspaceAction.ReadWorkspace, handler,
            static (handler, request, scope) => handler.GetStatisticsAsync(request, scope));

    public override Task<ChangeModelResponse> ChangeModel(ChangeModelRequest request, ServerCallContext context) =>
        pipeline.RunAsync(request, context, request.Workspace, WorkspaceAction.ChangeWorkspace, models,
            static (models, request, scope) => models.BeginAsync(request, scope));

    public override Task<GetModelChangeResponse> GetModelChange(
        GetModelChangeRequest request, ServerCallContext context) =>
        pipeline.RunAsync(request, context, request.Workspace, WorkspaceAction.ReadWorkspace, models,
            static (models, request, scope) => models.GetAsync(request, scope));

    public override Task<FinishModelChangeResponse> FinishModelChange(
        FinishModelChangeRequest request, ServerCallContext context) =>
        pipeline.RunAsync(request, context, request.Workspace, WorkspaceAction.ChangeWorkspace, models,
            static (models, request, scope) => models.FinishAsync(request, scope));
}
