using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;

namespace Rag.Cli.Composition;

/// <summary>Logs to standard error, a line an entry, so that standard output keeps results only.</summary>
internal static partial class ServerLog
{
    public const string Variable = "RAG_LOG";

    /// <param name="otherwise">The least level that is written where RAG_LOG does not say: Trace … None.</param>
    public static ILoggerFactory Create(LogLevel otherwise)
    {
        var named = Environment.GetEnvironmentVariable(Variable);
        var level = Enum.TryParse<LogLevel>(named, ignoreCase: true, out var wanted) ? wanted : otherwise;
        return LoggerFactory.Create(logging => logging
            .SetMinimumLevel(level)
            .AddFilter("Microsoft", level < LogLevel.Information ? level : LogLevel.Warning)
            .AddSimpleConsole(console =>
            {
                console.SingleLine = true;
                console.UseUtcTimestamp = true;
                console.TimestampFormat = "yyyy-MM-ddTHH:mm:ss.fffZ ";
                console.ColorBehavior = LoggerColorBehavior.Disabled;
            })
            .Services.Configure<ConsoleLoggerOptions>(console => console.LogToStandardErrorThreshold = LogLevel.Trace));
    }

    [LoggerMessage(9001, LogLevel.Information, "rag {Verb} {Version} is listening on {Address}; data in {Folder}.")]
    public static partial void Listening(ILogger logger, string verb, string version, string address, string folder);

    [LoggerMessage(9002, LogLevel.Information, "rag ingestor {Version} works for the router at {Router}; data in {Folder}.")]
    public static partial void Ingesting(ILogger logger, string version, string router, string folder);

    [LoggerMessage(9005, LogLevel.Error, "One of the cluster's processes disagrees with this one: {Why}")]
    public static partial void Disagrees(ILogger logger, string why);

    [LoggerMessage(9003, LogLevel.Information, "Stopping: calls under way are finished, then the data is closed.")]
    public static partial void Stopping(ILogger logger);

    [LoggerMessage(9004, LogLevel.Information, "Stopped.")]
    public static partial void Stopped(ILogger logger);
}
