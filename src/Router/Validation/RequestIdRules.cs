using Rag.Router.Errors;

namespace Rag.Router.Validation;

internal static class RequestIdRules
{
    /// <summary>The caller's request id; null if it gave none.</summary>
    public static Guid? Read(string requestId)
    {
        if (requestId.Length == 0)
            return null;
        if (Guid.TryParseExact(requestId, "D", out var id) && id != Guid.Empty)
            return id;
        throw Refuse.Invalid(
            "request_id", "It must be a UUID such as 0190d3c5-6f2b-7c1e-9a44-5d7e3b1f0a62, or be left out.");
    }
}
