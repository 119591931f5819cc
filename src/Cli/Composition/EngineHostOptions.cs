using System.Net;

namespace Rag.Cli.Composition;

/// <summary>How a whole engine runs in this process.</summary>
internal sealed class EngineHostOptions
{
    public required DataFolder Data { get; init; }

    /// <summary>Where to serve the public API; null: only callers in this process. Port 0: any free one.</summary>
    public IPEndPoint? Listen { get; init; }

    /// <summary>How long to wait for another process to let go of the data folder. Default: not at all.</summary>
    public TimeSpan Patience { get; init; }
}
