using System.CommandLine;

namespace Rag.Cli.Options;

internal static class TopologyOption
{
    public static Option<string?> Create() => new("--topology", "-t")
    {
        Description = "The topology in a file: partitions, and shards with their addresses. It is read again when it changes. "
            + "Default: the topology in NATS, whose servers the options name.",
        HelpName = "FILE",
    };
}
