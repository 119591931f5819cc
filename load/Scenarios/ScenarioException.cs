namespace Rag.Load.Scenarios;

/// <summary>A scenario that cannot be run; the message says what to change.</summary>
internal sealed class ScenarioException(string message, Exception? inner = null) : Exception(message, inner);
