namespace Rag.Router.Workspaces;

/// <summary>
/// What a router knew of a workspace is of a former one of the same name: nothing was read or written, and the request
/// is to be routed anew.
/// </summary>
internal sealed class WorkspaceReplacedException() : Exception("The workspace was made anew under its name.");
