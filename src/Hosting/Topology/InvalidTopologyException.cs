namespace Rag.Hosting.Topology;

/// <summary>A topology contradicts itself or cannot be read; the message names every fault.</summary>
public sealed class InvalidTopologyException : Exception
{
    public InvalidTopologyException(string message)
        : base(message)
    {
    }

    public InvalidTopologyException(string message, Exception inner)
        : base(message, inner)
    {
    }

    public InvalidTopologyException()
    {
    }
}
