using System.CommandLine;

namespace Rag.Cli.Options;

internal static class TopologyOption
{
    public static Option<string> Create() => new("--topology", "-t")
    {
        Description = "The topology file: partitions, and shards with their addresses. It is read again when it changes.",
        HelpName = "FILE",
        Required = true,
    };
}
