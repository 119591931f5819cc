namespace Rag.Cli.Bench.Peers;

/// <summary>A peer cannot take part, or not any longer; the message is one sentence that begins with its name.</summary>
internal sealed class PeerException(string message, Exception? inner = null) : Exception(message, inner);
