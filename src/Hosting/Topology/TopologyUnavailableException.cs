namespace Rag.Hosting.Topology;

/// <summary>The place where the topology is kept cannot be reached; trying later may help.</summary>
public sealed class TopologyUnavailableException : Exception
{
    public TopologyUnavailableException(string message)
        : base(message)
    {
    }

    public TopologyUnavailableException(string message, Exception inner)
        : base(message, inner)
    {
    }

    public TopologyUnavailableException()
    {
    }
}
