using System.CommandLine;

namespace Rag.Cli.Options;

internal static class WorkspaceOption
{
    public static Option<string> Create() => new("--workspace", "-w")
    {
        Description = "The workspace.",
        HelpName = "NAME",
        Required = true,
    };
}
