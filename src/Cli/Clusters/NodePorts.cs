using Rag.Cli.Composition;

namespace Rag.Cli.Clusters;

/// <summary>Loopback ports for nodes: the first free ones from where each kind begins, or any. Not thread-safe.</summary>
internal sealed class NodePorts(IEnumerable<int> taken, bool any)
{
    private const int Most = 1000;

    // Below those that systems give to outgoing connections: one of those may be taken before the node listens on it.
    private const int FirstOfAny = 12_000;
    private const int EndOfAny = 32_000;

    private readonly HashSet<int> _taken = [.. taken];

    /// <summary>Whether any port will do.</summary>
    public bool Any { get; } = any;

    /// <summary>A port that nobody listens on and no other node was given.</summary>
    /// <exception cref="CliException">There is none.</exception>
    public int Next(int first)
    {
        for (var i = 0; i < Most; i++)
        {
            var port = Any ? Random.Shared.Next(FirstOfAny, EndOfAny) : first + i;
            if (FreePorts.IsFree(port) && _taken.Add(port))
                return port;
        }

        throw new CliException($"No port is free from {first} on.");
    }
}
