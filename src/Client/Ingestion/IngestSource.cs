using Rag.V1;

namespace Rag.Client;

/// <summary>What is known of a file or text before its content.</summary>
public sealed record IngestSource
{
    /// <summary>1 to 256 bytes of UTF-8. Default: the file's name.</summary>
    public string DocumentId { get; init; } = "";

    /// <summary>Its ending helps to tell the format.</summary>
    public string FileName { get; init; } = "";

    /// <summary>Such as text/markdown. Default: the content is looked at.</summary>
    public string MediaType { get; init; } = "";

    /// <summary>Given to every chunk. At most 32 KiB.</summary>
    public IReadOnlyDictionary<string, Value> Metadata { get; init; } = new Dictionary<string, Value>();

    /// <summary>Index again even if content and settings are unchanged.</summary>
    public bool Force { get; init; }

    /// <summary>Which of the workspace's jobs come first. Default: normal.</summary>
    public JobPriority Priority { get; init; } = JobPriority.Normal;

    internal DocumentSource ToMessage(string workspace) => new()
    {
        Workspace = workspace,
        DocumentId = DocumentId,
        FileName = FileName,
        MediaType = MediaType,
        Metadata = { new Dictionary<string, Value>(Metadata) },
        Force = Force,
        Priority = Priority,
    };
}
