using Rag.V1;

namespace Rag.Router.Validation;

/// <summary>What is said about a source before its content.</summary>
internal static class SourceRules
{
    /// <summary>Refuses a source that breaks a limit; returns its document id.</summary>
    public static string Check(DocumentSource source)
    {
        var violations = new Violations();
        if (TextRules.WorkspaceNameFault(source.Workspace) is { } name)
            violations.Add("source.workspace", name);
        if (TextRules.IsLonger(source.FileName, Limits.FileNameBytes))
            violations.Add("source.file_name", $"It has at most {Limits.FileNameBytes} bytes of UTF-8.");
        var documentId = source.DocumentId.Length > 0 ? source.DocumentId : source.FileName;
        if (documentId.Length == 0)
            violations.Add("source.document_id", "Give a document id or a file name.");
        else if (TextRules.IdFault(documentId) is { } fault)
        {
            violations.Add("source.document_id", source.DocumentId.Length > 0
                ? fault
                : "The file's name is too long for a document id: give a document_id of at most 256 bytes.");
        }
        else if (documentId.Contains('\0', StringComparison.Ordinal))
            violations.Add("source.document_id", "It holds U+0000, which not every metadata store can keep: leave it out.");

        if (TextRules.IsLonger(source.MediaType, Limits.MediaTypeBytes))
            violations.Add("source.media_type", $"It has at most {Limits.MediaTypeBytes} bytes of UTF-8.");
        if (MetadataRules.Fault(source.Metadata) is { } metadata)
            violations.Add("source.metadata", metadata);
        if (source.Priority is < JobPriority.Unspecified or > JobPriority.Bulk)
            violations.Add("source.priority", $"{(int)source.Priority} is no priority: leave it out for normal.");
        violations.ThrowIfAny();
        return documentId;
    }
}
