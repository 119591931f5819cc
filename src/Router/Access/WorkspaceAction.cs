namespace Rag.Router.Access;

/// <summary>What a call wants to do.</summary>
internal enum WorkspaceAction
{
    /// <summary>List the workspaces, or use what belongs to none, such as the models.</summary>
    UseServer,
    CreateWorkspace,
    ReadWorkspace,
    ChangeWorkspace,
    DeleteWorkspace,
    Search,
    ReadChunks,
    WriteChunks,
    ReadDocuments,
    WriteDocuments,
}
