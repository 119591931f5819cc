using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Rag.Shard.Tests.Replication;

/// <summary>Keeps what was logged, to be shown when a test fails.</summary>
internal sealed class LinesLogger(string name, ConcurrentQueue<string> lines) : ILogger
{
    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        lines.Enqueue($"{Environment.TickCount64 % 1_000_000} {name} {formatter(state, exception)} {exception}");
}
