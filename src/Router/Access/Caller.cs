namespace Rag.Router.Access;

/// <summary>Who calls, as far as it was proven.</summary>
/// <param name="Name">A name for logs and audit.</param>
internal sealed record Caller(string Name)
{
    /// <summary>Nobody in particular: all that there is while the router is open.</summary>
    public static Caller Anonymous { get; } = new("anonymous");
}
