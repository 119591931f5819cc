using Microsoft.Extensions.Logging;

namespace Rag.Embedding;

/// <summary>Log events of this project, 3000 to 3999.</summary>
internal static partial class EmbeddingLog
{
    [LoggerMessage(3000, LogLevel.Information,
        "Model {Model}: the transformer {Graph} runs on {Provider}, because {Reason}.")]
    public static partial void Loaded(ILogger logger, string model, string graph, string provider, string reason);

    [LoggerMessage(3001, LogLevel.Information, "Model {Model}: the lookup table {Path} is loaded.")]
    public static partial void LookupLoaded(ILogger logger, string model, string path);

    [LoggerMessage(3002, LogLevel.Error, "Model {Model}: a batch of {Texts} texts failed.")]
    public static partial void BatchFailed(ILogger logger, Exception error, string model, int texts);

    [LoggerMessage(3003, LogLevel.Critical, "Model {Model}: an embedding worker died.")]
    public static partial void WorkerDied(ILogger logger, Exception error, string model);

    [LoggerMessage(3004, LogLevel.Warning, "Fetching {File} failed (attempt {Attempt}) and goes on: {Reason}")]
    public static partial void PullRetried(ILogger logger, string file, int attempt, string reason);
}
