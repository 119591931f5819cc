using System.Text;
using Rag.Router.Errors;

namespace Rag.Router.Validation;

/// <summary>Lengths of names, ids and texts in bytes of UTF-8. A fault is a sentence, null is none.</summary>
internal static class TextRules
{
    /// <summary>More than <paramref name="maxBytes"/> in UTF-8; looks at the characters only where it must.</summary>
    public static bool IsLonger(string text, int maxBytes) =>
        text.Length > maxBytes || (text.Length * 3 > maxBytes && Encoding.UTF8.GetByteCount(text) > maxBytes);

    /// <summary>A document or chunk id that must be there.</summary>
    public static string? IdFault(string id)
    {
        if (id.Length == 0)
            return "Give an id of 1 to 256 bytes of UTF-8.";
        return IsLonger(id, Limits.IdBytes) ? "The id is longer than 256 bytes of UTF-8: use a shorter one." : null;
    }

    public static string? WorkspaceNameFault(string name)
    {
        if (name.Length == 0)
            return "Name a workspace: 1 to 256 bytes of UTF-8.";
        if (IsLonger(name, Limits.IdBytes))
            return "The workspace's name is longer than 256 bytes of UTF-8: use a shorter one.";
        foreach (var character in name)
        {
            if (char.IsControl(character))
                return "The workspace's name holds a control character: leave it out.";
        }

        return null;
    }

    /// <summary>Refuses a call that names no fit workspace.</summary>
    public static void RequireWorkspace(string name, string field = "workspace")
    {
        if (WorkspaceNameFault(name) is { } fault)
            throw Refuse.Invalid(field, fault);
    }
}
