using System.CommandLine;
using System.CommandLine.Help;
using Rag.Cli.Output;

namespace Rag.Cli;

/// <summary>All verbs of <c>rag</c>.</summary>
internal static class CommandTree
{
    public static Command Create(Terminal terminal)
    {
        var root = new Command("rag", "A self-hosted search engine for retrieval-augmented generation.")
        {
            new HelpOption(),
            new VersionOption(),
        };
        return root;
    }
}
