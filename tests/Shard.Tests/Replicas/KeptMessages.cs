using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Rag.Shard.Tests.Replicas;

/// <summary>Keeps what is logged, for tests of what must not happen: they wait for the message that says so.</summary>
internal sealed class KeptMessages : ILoggerProvider, ILogger
{
    private readonly ConcurrentQueue<string> _messages = new();

    public int Count(string part) => _messages.Count(message => message.Contains(part, StringComparison.Ordinal));

    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception,
        Func<TState, Exception?, string> formatter) => _messages.Enqueue($"{formatter(state, exception)} {exception?.Message}");

    public void Dispose()
    {
    }
}
