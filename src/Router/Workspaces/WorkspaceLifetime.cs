namespace Rag.Router.Workspaces;

/// <summary>How long settings of a workspace are used without asking the metadata store.</summary>
/// <param name="Value">0 to 1 h.</param>
internal sealed record WorkspaceLifetime(TimeSpan Value)
{
    private static readonly TimeSpan BesideOthers = TimeSpan.FromSeconds(2);

    // Nothing changes but through this router, which knows it at once: with thousands of workspaces, reading each again
    // every few seconds cost more than searching them.
    private static readonly TimeSpan Alone = TimeSpan.FromMinutes(10);

    public static TimeSpan Default(bool alone) => alone ? Alone : BesideOthers;
}
