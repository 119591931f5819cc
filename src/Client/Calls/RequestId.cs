namespace Rag.Client;

/// <summary>Ids by which a server recognises a repeated call.</summary>
internal static class RequestId
{
    /// <summary>A UUID of version 7: it tells its age, so a server knows how long to remember it.</summary>
    public static string New() => Guid.CreateVersion7().ToString();
}
