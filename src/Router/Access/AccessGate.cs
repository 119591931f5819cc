using Grpc.Core;

namespace Rag.Router.Access;

/// <summary>
/// The one place that every call passes and that knows who calls, for which workspace, to do what. Open: everybody may
/// do everything. Keys, roles and limits belong here and nowhere else. Thread-safe.
/// </summary>
internal sealed class AccessGate
{
    /// <summary>Lets the call through and says who makes it, or refuses it.</summary>
    /// <param name="context">The call, with its metadata and its peer.</param>
    /// <param name="workspace">The workspace's name; empty for calls that are about none.</param>
    /// <param name="action">What the call wants to do.</param>
    /// <exception cref="Errors.RefusedException">The caller may not do that.</exception>
    public Caller Authorize(ServerCallContext context, string workspace, WorkspaceAction action)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(workspace);
        return Caller.Anonymous;
    }
}
